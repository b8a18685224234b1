import { expect, test } from '@jest/globals';
import { type Client, keyValueSchema, ProtobufNativeSchema, type SchemaInfo } from '../../src/pulsar/index.ts';
import { PROTOBUF_JSON } from '../fixtures/protobuf.ts';
import { type UseBroker, usePulsarClients } from './pulsar-client-kit.ts';

const record = (...fields: unknown[]): string => JSON.stringify({ type: 'record', name: 'Order', fields });
const ID = { name: 'id', type: 'long' };
const NOTE = { name: 'note', type: ['null', 'string'], default: null };
const COUNT = { name: 'count', type: 'int' };

const AVRO: SchemaInfo = { schemaType: 'Avro', schema: record(ID) };
const AVRO_WITH_NOTE: SchemaInfo = { schemaType: 'Avro', schema: record(ID, NOTE) };
const JSON_SCHEMA: SchemaInfo = { schemaType: 'Json', schema: record(ID) };
const PROTOBUF = ProtobufNativeSchema.createSchemaInfoFromRoot({
  root: ProtobufNativeSchema.createRootFromJson(PROTOBUF_JSON),
  rootMessageTypeName: 'shop.Order',
  rootFileDescriptorName: 'shop/order.proto',
});
const LARGE = 9007199254740993n;

const samples: [string, SchemaInfo, unknown][] = [
  ['String', { schemaType: 'String' }, 'text'],
  ['Boolean', { schemaType: 'Boolean' }, true],
  ['Int8', { schemaType: 'Int8' }, -8],
  ['Int16', { schemaType: 'Int16' }, -16],
  ['Int32', { schemaType: 'Int32' }, -32],
  ['Int64', { schemaType: 'Int64' }, LARGE],
  ['Float32', { schemaType: 'Float32' }, 1.5],
  ['Float64', { schemaType: 'Float64' }, 0.1],
  ['Date', { schemaType: 'Date' }, new Date(1_700_000_000_123)],
  ['Time', { schemaType: 'Time' }, new Date(1)],
  ['Timestamp', { schemaType: 'Timestamp' }, new Date(2)],
  ['Instant', { schemaType: 'Instant' }, '2026-11-21T11:00:00.123456789Z'],
  ['LocalDate', { schemaType: 'LocalDate' }, '2026-11-21'],
  ['LocalTime', { schemaType: 'LocalTime' }, '11:00:00.5'],
  ['LocalDateTime', { schemaType: 'LocalDateTime' }, '2026-11-21T11:00:00'],
  ['JSON', JSON_SCHEMA, { id: LARGE }],
  ['Avro', AVRO, { id: LARGE }],
  ['ProtobufNative', PROTOBUF, { id: LARGE, status: 'PAID', lines: [{ sku: 'a', count: 1 }] }],
  ['inline pairs', keyValueSchema({ key: { schemaType: 'String' }, value: AVRO }), { key: 'k', value: { id: 1 } }],
  [
    'separated pairs',
    keyValueSchema({ key: { schemaType: 'Int32' }, value: JSON_SCHEMA, encoding: 'SEPARATED' }),
    { key: 7, value: { id: 1 } },
  ],
];

/** Avro's records have a prototype of their own. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, it) => (typeof it === 'bigint' ? `${it}n` : it)));

async function subscribe(client: Client, topic: string, schema: SchemaInfo | undefined, subscription = 's') {
  return client.subscribe({ topic, subscription, subscriptionInitialPosition: 'Earliest', ...(schema && { schema }) });
}

/** Schemas: registered, looked up, and used to write and read values. */
export function schemaCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  for (const [name, schema, value] of samples) {
    test(`${name}: a value arrives as it was sent, by its schema and without knowing it`, async () => {
      const client = clients.client();
      const topic = use().topic();
      const producer = await client.createProducer({ topic, schema });
      await Promise.all([value, null].map((one) => producer.send({ value: one })));
      const knowing = await subscribe(client, topic, schema, 'knowing');
      const asking = await subscribe(client, topic, { schemaType: 'AutoConsume' }, 'asking');
      for (const consumer of [knowing, asking]) {
        const message = await consumer.receive(10_000);
        expect(plain(await message.getValue())).toEqual(plain(value));
        expect(message.getSchemaVersion()).toEqual(Buffer.alloc(8));
        expect((await consumer.receive(10_000)).isNull()).toBe(true);
      }
    });
  }

  test('without a schema a value is bytes, and AUTO_CONSUME gives bytes', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await subscribe(client, topic, { schemaType: 'AutoConsume' });
    const producer = await client.createProducer({ topic });
    await producer.send({ value: Buffer.from('raw') });
    const message = await consumer.receive(10_000);
    expect([message.getSchemaVersion(), await message.getValue()]).toEqual([undefined, Buffer.from('raw')]);
    expect(producer.getSchemaVersion()).toBeUndefined();
    expect(await client.getSchema(topic)).toBeUndefined();
    await expect(producer.send({ value: 'text' })).rejects.toMatchObject({
      code: 'InvalidMessage',
      message: 'Failed to send message: InvalidMessage',
    });
  });

  test('a separated key is the key of the message', async () => {
    const client = clients.client();
    const topic = use().topic();
    const [, schema] = samples.at(-1) as (typeof samples)[number];
    const consumer = await subscribe(client, topic, schema);
    const producer = await client.createProducer({ topic, schema });
    await producer.send({ value: { key: 7, value: { id: 1 } } });
    const message = await consumer.receive(10_000);
    expect(message.getPartitionKey()).toBe(Buffer.from([0, 0, 0, 7]).toString('base64'));
    expect(message.getData().toString()).toBe('{"id":1}');
  });

  test('each version is read with the schema that wrote it, old ones as the reader sees them', async () => {
    const client = clients.client();
    const topic = use().topic();
    const first = await client.createProducer({ topic, schema: AVRO });
    await first.send({ value: { id: 1 } });
    const second = await client.createProducer({ topic, schema: AVRO_WITH_NOTE });
    await second.send({ value: { id: 2, note: 'n' } });
    expect([first, second].map((producer) => producer.getSchemaVersion()?.readBigInt64BE())).toEqual([0n, 1n]);
    const again = await client.createProducer({ topic, schema: AVRO });
    expect(again.getSchemaVersion()).toEqual(first.getSchemaVersion());

    const newest = await subscribe(client, topic, AVRO_WITH_NOTE, 'newest');
    const asking = await subscribe(client, topic, { schemaType: 'AutoConsume' }, 'asking');
    const read = async (consumer: typeof newest) => plain(await (await consumer.receive(10_000)).getValue());
    expect([await read(newest), await read(newest)]).toEqual([
      { id: 1, note: null },
      { id: 2, note: 'n' },
    ]);
    expect([await read(asking), await read(asking)]).toEqual([{ id: 1 }, { id: 2, note: 'n' }]);
  });

  test('looks schemas up by version, the newest without one', async () => {
    const client = clients.client();
    const topic = use().topic();
    const first = await client.createProducer({ topic, schema: { ...AVRO, properties: { a: 'b' } } });
    await client.createProducer({ topic, schema: AVRO_WITH_NOTE });
    const old = await client.getSchema(topic, first.getSchemaVersion());
    expect(old?.schema).toMatchObject({ schemaType: 'Avro', schema: AVRO.schema, properties: { a: 'b' } });
    const newest = await client.getSchema(topic);
    expect(newest?.schema.schema).toBe(AVRO_WITH_NOTE.schema);
    expect(newest?.version?.readBigInt64BE()).toBe(1n);
    const missing = Buffer.from([0, 0, 0, 0, 0, 0, 0, 9]);
    await expect(client.getSchema(topic, missing)).rejects.toMatchObject({ code: 'TopicNotFound' });
  });

  test('AUTO_PUBLISH writes by the newest schema of the topic', async () => {
    const client = clients.client();
    const topic = use().topic();
    await client.createProducer({ topic, schema: AVRO_WITH_NOTE });
    const producer = await client.createProducer({ topic, schema: { schemaType: 'AutoPublish' } });
    const consumer = await subscribe(client, topic, AVRO_WITH_NOTE);
    await producer.send({ value: { id: 3, note: null } });
    const message = await consumer.receive(10_000);
    expect(plain(await message.getValue())).toEqual({ id: 3, note: null });
    expect(message.getSchemaVersion()).toEqual(Buffer.alloc(8));
  });

  const incompatible: [string, SchemaInfo, SchemaInfo][] = [
    ['a required field more', AVRO, { schemaType: 'Avro', schema: record(ID, COUNT) }],
    ['another type of field', AVRO, { schemaType: 'Avro', schema: record({ name: 'id', type: 'string' }) }],
    ['JSON with a required field more', JSON_SCHEMA, { schemaType: 'Json', schema: record(ID, COUNT) }],
    ['another schema type', AVRO, { schemaType: 'String' }],
    ['another primitive', { schemaType: 'Int32' }, { schemaType: 'Int64' }],
  ];
  for (const [name, registered, other] of incompatible) {
    test(`refuses a producer and a consumer with ${name}`, async () => {
      const client = clients.client();
      const topic = use().topic();
      await client.createProducer({ topic, schema: registered });
      const refusal = { code: 'IncompatibleSchema' };
      await expect(client.createProducer({ topic, schema: other })).rejects.toMatchObject(refusal);
      await expect(subscribe(client, topic, other)).rejects.toMatchObject(refusal);
      expect((await client.getSchema(topic))?.version?.readBigInt64BE()).toBe(0n);
    });
  }

  test('a consumer may leave out a required field, a producer may not', async () => {
    const client = clients.client();
    const topic = use().topic();
    const producer = await client.createProducer({ topic, schema: { schemaType: 'Avro', schema: record(ID, COUNT) } });
    await expect(client.createProducer({ topic, schema: AVRO })).rejects.toMatchObject({ code: 'IncompatibleSchema' });
    const consumer = await subscribe(client, topic, AVRO);
    await producer.send({ value: { id: 1, count: 2 } });
    expect(plain(await (await consumer.receive(10_000)).getValue())).toEqual({ id: 1 });
  });

  test('a consumer registers its schema on a new topic, and only is checked on a used one', async () => {
    const client = clients.client();
    const [fresh, used] = [use().topic(), use().topic()];
    await subscribe(client, fresh, AVRO);
    expect((await client.getSchema(fresh))?.schema.schema).toBe(AVRO.schema);
    await client.createProducer({ topic: used });
    await expect(subscribe(client, used, AVRO)).rejects.toMatchObject({ code: 'IncompatibleSchema' });
  });

  test('a value that does not fit is refused before it is sent, one that came is told', async () => {
    const client = clients.client();
    const topic = use().topic();
    const producer = await client.createProducer({ topic, schema: AVRO });
    const consumer = await subscribe(client, topic, AVRO);
    const refused = producer.send({ value: { id: 'x' } });
    await expect(refused).rejects.toHaveProperty('cause.message', expect.stringContaining('at: id'));
    await producer.send({ data: Buffer.from([0xff]) });
    const message = await consumer.receive(10_000);
    await expect(message.getValue()).rejects.toMatchObject({ code: 'InvalidMessage' });
    expect(message.getData()).toEqual(Buffer.from([0xff]));
  });
}
