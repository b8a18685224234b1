import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Client, ProtobufNativeSchema, type SchemaInfo } from '../../src/pulsar/index.ts';
import { until } from '../e2e/trouble-world.ts';
import { describeReal, runPython, usePulsar } from '../services/index.ts';

const FEATURES = readFileSync(join(import.meta.dirname, 'python/features.py'), 'utf8');
const shared = { subscription: 'py', subscriptionType: 'Shared', subscriptionInitialPosition: 'Earliest' } as const;
const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
const texts = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`);

const order = { note: 'Zoë', count: 2, total: 9007199254740993n, tags: ['a', 'b'] };
const TIMESTAMP = ProtobufNativeSchema.createSchemaInfoFromRoot({
  root: ProtobufNativeSchema.createRootFromJson({
    nested: {
      'google.protobuf': {
        nested: { Timestamp: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } } },
      },
    },
  }),
  rootMessageTypeName: 'google.protobuf.Timestamp',
  rootFileDescriptorName: 'google/protobuf/timestamp.proto',
});
const AUTO_PUBLISH: SchemaInfo = { schemaType: 'AutoPublish' };
/** By the names that the Python client has for them: what we write with, the value, and how Python prints it. */
const SCHEMAS: Readonly<Record<string, readonly [SchemaInfo, unknown, string]>> = {
  json: [AUTO_PUBLISH, order, 'Zoë|2|9007199254740993|a,b'],
  avro: [AUTO_PUBLISH, order, 'Zoë|2|9007199254740993|a,b'],
  string: [{ schemaType: 'String' }, 'Zoë', 'Zoë'],
  'protobuf-native': [TIMESTAMP, { seconds: 9007199254740993n, nanos: 5 }, '9007199254740993|5'],
};

describeReal('features of the client beside the official C++ client', ['pulsar', 'pythonClient'], () => {
  let client: Client;
  let directory: string;
  let keys: readonly [string, string];
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'pulsar-keys-'));
    keys = [join(directory, 'public.pem'), join(directory, 'private.pem')];
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(keys[0], publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(keys[1], privateKey.export({ type: 'pkcs8', format: 'pem' }));
    client = new Client({ serviceUrl: usePulsar().serviceUrl });
  });
  let topic: string;
  let count = 0;
  const nextTopic = () => {
    topic = `persistent://public/default/features-${Date.now()}-${++count}`;
  };
  beforeAll(nextTopic);
  afterEach(nextTopic);
  afterAll(async () => {
    await client.close();
    rmSync(directory, { recursive: true });
  });

  async function python(action: string, ...args: string[]): Promise<string[]> {
    const { stdout, stderr, code } = await runPython(FEATURES, [usePulsar().serviceUrl, topic, action, ...args]);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim().split('\n');
  }

  async function receive(options: object, howMany: number): Promise<string[]> {
    const consumer = await client.subscribe({ topic, ...shared, ...options });
    const values: string[] = [];
    while (values.length < howMany) values.push((await consumer.receive(15_000)).getData().toString());
    await consumer.close();
    return values;
  }

  test('chunked messages, both ways', async () => {
    const data = randomBytes(11 * 1024 * 1024);
    const producer = await client.createProducer({ topic, batchingEnabled: false, chunkingEnabled: true });
    await producer.send({ data, partitionKey: 'k' });
    expect(await python('read-chunks')).toEqual([`${digest(data)} k`]);
    const [written] = await python('write-chunks');
    const consumer = await client.subscribe({ topic, ...shared });
    expect(digest((await consumer.receive(30_000)).getData())).toBe(written);
  });

  test('encrypted messages, both ways', async () => {
    const options = { topic, publicKeyPath: keys[0], encryptionKey: 'any', compressionType: 'LZ4' } as const;
    for (const batchingEnabled of [false, true]) {
      const producer = await client.createProducer({ ...options, batchingEnabled });
      await Promise.all(texts(5).map((text) => producer.send({ data: Buffer.from(text) })));
      await producer.close();
    }
    expect(await python('read-encrypted', ...keys)).toEqual([...texts(5), ...texts(5)]);
    nextTopic();
    await python('write-encrypted', ...keys);
    const secrets = Array.from({ length: 5 }, (_, i) => `secret ${i}`);
    expect(await receive({ privateKeyPath: keys[1] }, 10)).toEqual([...secrets, ...secrets]);
  });

  test('acknowledgements within a batch, both ways', async () => {
    const options = { topic, ...shared, batchIndexAckEnabled: true, ackReceipt: true };
    const producer = await client.createProducer({ topic, batchingMaxPublishDelayMs: 100 });
    await Promise.all(texts(10).map((text) => producer.send({ data: Buffer.from(text) })));
    await python('ack-some');
    const consumer = await client.subscribe(options);
    const rest = [];
    for (let i = 0; i < 7; i++) rest.push(await consumer.receive(15_000));
    expect(rest.map((message) => message.getData().toString())).toEqual(['m1', 'm2', 'm4', 'm5', 'm6', 'm7', 'm8']);
    await Promise.all(rest.slice(2).map((message) => consumer.acknowledge(message)));
    await consumer.close();
    expect(await python('read-rest', '2')).toEqual(['m1', 'm2']);
  });

  test.each(Object.entries(SCHEMAS))('values of a schema, both ways: %s', async (name, [schema, value, printed]) => {
    await python('write-schema', name);
    const consumer = await client.subscribe({
      topic,
      ...shared,
      subscription: 'ours',
      schema: { schemaType: 'AutoConsume' },
    });
    expect(await (await consumer.receive(15_000)).getValue()).toEqual(value);
    await (await client.createProducer({ topic, schema })).send({ value });
    expect(await python('read-schema', name, '2')).toEqual([printed, printed]);
  });

  test('our batches by key keep each key with one of its Key_Shared consumers, in order', async () => {
    const reading = python('read-by-key');
    const producer = await client.createProducer({ topic, batchingType: 'KeyBasedBatching' });
    // A consumer that comes later takes keys over.
    await until('both consumers are there', async () => {
      const response = await fetch(`${usePulsar().adminUrl}/admin/v2/${topic.replace('://', '/')}/stats`);
      const { subscriptions } = (await response.json()) as { subscriptions: Record<string, { consumers: unknown[] }> };
      return Object.values(subscriptions)[0]?.consumers.length === 2;
    });
    await Promise.all(
      texts(100).map((text, i) => producer.send({ data: Buffer.from(text), partitionKey: `k${i % 10}` })),
    );
    const lines = (await reading).filter((line) => line !== 'ready').map((line) => line.split(' '));
    expect(lines).toHaveLength(100);
    for (let key = 0; key < 10; key++) {
      const own = lines.filter(([, name]) => name === `k${key}`);
      expect(new Set(own.map(([owner]) => owner)).size).toBe(1);
      expect(own.map(([, , value]) => value)).toEqual(Array.from({ length: 10 }, (_, i) => `m${i * 10 + key}`));
    }
  });
});
