import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InputSpec } from '../../src/core/connector.ts';
import { messageCodec } from '../../src/core/schema/codec.ts';
import type { MessageBytes, SchemaDefinition, SchemaTypeName } from '../../src/core/schema/definition.ts';
import { keyValueDefinition } from '../../src/core/schema/key-value.ts';
import type { Accepts } from '../../src/delivery/decode.ts';
import { outputShape } from '../../src/delivery/output-shape.ts';
import { shapeFor } from '../../src/delivery/shape.ts';
import { WrittenSchemas } from '../../src/delivery/written-schemas.ts';
import { type OutgoingMessage, openSession, type PulsarSession } from '../../src/pulsar/client/session.ts';
import { RecordReader } from '../../src/runtime/sink-records.ts';

const definition = (type: SchemaTypeName, fields?: readonly object[]): SchemaDefinition => ({
  type,
  name: type,
  data: Buffer.from(fields ? JSON.stringify({ type: 'record', name: 'Order', fields }) : ''),
  properties: {},
});
const id = { name: 'id', type: 'long' };
const note = { name: 'note', type: ['null', 'string'], default: null };
const photo = { name: 'photo', type: ['null', 'bytes'], default: null };
const input = (schemaType?: string): InputSpec => ({
  regexPattern: false,
  schemaProperties: {},
  consumerProperties: {},
  poolMessages: false,
  ...(schemaType && { schemaType }),
});

/** How sinks read what producers with schemas wrote, on a broker that keeps them. */
export const writtenSchemasContract = (name: string, serviceUrl: () => string, namespace = 'public/default'): void => {
  describe(`messages with schemas, on ${name}`, () => {
    let session: PulsarSession;
    beforeAll(async () => {
      session = await openSession({ serviceUrl: serviceUrl() });
    });
    afterAll(() => session.close());

    const newTopic = () => `persistent://${namespace}/schemas-${randomUUID()}`;

    /** Publishes values with a producer of that schema. */
    const publish = async (topic: string, schema: SchemaDefinition | undefined, values: readonly unknown[]) => {
      const { encode } = schema
        ? await messageCodec(schema)
        : { encode: (value: unknown) => ({ value }) as MessageBytes };
      const producer = await session.producer({ topic, schemaDefinition: schema });
      for (const [sequenceId, it] of values.entries()) {
        const { value, key } = encode(it);
        const message: OutgoingMessage = {
          value,
          sequenceId,
          ...(key && { key: Buffer.from(key).toString('base64'), isKeyBase64: true }),
        };
        await producer.sendEntry([message]);
      }
      await producer.close();
    };

    /** What a sink that takes this form is given for each message of the topic: key and value, or the code of its error. */
    const read = async (topic: string, count: number, accepts: Accepts, schemaType?: string) => {
      const consumer = await session.consumer({
        topic,
        subscription: randomUUID(),
        subscriptionType: 'Exclusive',
        initialPosition: 'Earliest',
        receiverQueueSize: 100,
      });
      const reader = new RecordReader(topic, undefined);
      const toTarget = shapeFor(accepts, new WrittenSchemas(session, { [topic]: input(schemaType) }));
      const found: unknown[] = [];
      while (found.length < count) {
        const messages = await consumer.receiveBatch({ maxMessages: 100, lingerMs: 0, waitMs: 5_000 });
        if (messages.length === 0) break;
        for (const record of reader.toRecords(messages)) {
          const given = Promise.resolve(record).then(toTarget);
          found.push(
            await given.then(
              (shaped) => (shaped?.key === undefined ? plain(shaped?.value) : [shaped.key, plain(shaped.value)]),
              (error) => error.code,
            ),
          );
        }
      }
      await consumer.unsubscribe();
      return found;
    };
    const plain = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !(value instanceof Uint8Array) ? { ...value } : value;

    test('reads each message by the version it was written with', async () => {
      const topic = newTopic();
      await publish(topic, definition('Avro', [id]), [{ id: 9007199254740993n }]);
      await publish(topic, definition('Avro', [id, note, photo]), [
        { id: 2, note: 'ž', photo: Buffer.from([0, 255]) },
        { id: 3, note: null, photo: null },
      ]);
      expect(await read(topic, 3, 'fields')).toEqual([
        { id: 9007199254740993n },
        { id: 2, note: 'ž', photo: Buffer.from([0, 255]) },
        { id: 3, note: null, photo: null },
      ]);
      expect(await read(topic, 3, 'text')).toEqual([
        '{"id":9007199254740993}',
        '{"id":2,"note":"ž","photo":"AP8="}',
        '{"id":3,"note":null,"photo":null}',
      ]);
      expect((await read(topic, 3, 'bytes')).map((it) => Buffer.isBuffer(it))).toEqual([true, true, true]);
      expect(await read(topic, 1, 'text', 'BYTES')).not.toContain('{"id":9007199254740993}');
    });

    test('reads JSON, text and primitives, and messages of no schema', async () => {
      const [json, text, number, none] = [newTopic(), newTopic(), newTopic(), newTopic()];
      await publish(json, definition('Json', [id]), [{ id: 1 }]);
      await publish(text, definition('String'), ['{"a":1}', 'žluť', '']);
      await publish(number, definition('Int64'), [9007199254740993n]);
      await publish(none, undefined, [Buffer.from('{"b":2}'), Buffer.from([0, 0, 0, 7]), null]);
      expect(await read(json, 1, 'fields')).toEqual([{ id: 1 }]);
      expect(await read(text, 3, 'text')).toEqual(['{"a":1}', 'žluť', '']);
      expect(await read(text, 3, 'fields')).toEqual([{ a: 1 }, 'PIO_RECORD_UNREADABLE', 'PIO_RECORD_UNREADABLE']);
      expect(await read(number, 1, 'text')).toEqual(['9007199254740993']);
      expect(await read(number, 1, 'fields')).toEqual(['PIO_RECORD_UNREADABLE']);
      expect((await read(none, 3, 'fields'))[0]).toEqual({ b: 2 });
      expect((await read(none, 3, 'fields'))[2]).toBeNull();
      expect((await read(none, 3, 'text', 'INT32'))[1]).toBe('7');
    });

    test.each(['INLINE', 'SEPARATED'] as const)(
      'reads a KeyValue, %s: both are fields, the key is the key',
      async (encoding) => {
        const topic = newTopic();
        const key = definition('Avro', [id]);
        const value = definition('Avro', [note]);
        await publish(topic, keyValueDefinition({ key, value, encoding }), [
          { key: { id: 7 }, value: { note: 'n' } },
          { key: { id: 8 }, value: null },
        ]);
        expect(await read(topic, 2, 'fields')).toEqual([
          ['{"id":7}', { id: 7, note: 'n' }],
          ['{"id":8}', null],
        ]);
        expect(await read(topic, 2, 'text')).toEqual([
          ['{"id":7}', '{"note":"n"}'],
          ['{"id":8}', null],
        ]);
        const texts = newTopic();
        const pair = keyValueDefinition({ key: definition('String'), value: definition('Json', [id]), encoding });
        await publish(texts, pair, [{ key: 'k ž', value: { id: 1 } }]);
        expect(await read(texts, 1, 'fields')).toEqual([['k ž', { id: 1 }]]);
      },
    );

    test('rejects bytes that are no value of their schema, and nothing else', async () => {
      const topic = newTopic();
      const schema = definition('Avro', [id, note]);
      const producer = await session.producer({ topic, schemaDefinition: schema });
      const good = (await messageCodec(schema)).encode({ id: 1, note: 'good' }).value;
      const bytes = [good, Buffer.from([1]), Buffer.from('sekrit and too long'), good];
      for (const [sequenceId, value] of bytes.entries()) await producer.sendEntry([{ value, sequenceId }]);
      const isGood = { id: 1, note: 'good' };
      const bad = 'PIO_RECORD_UNREADABLE';
      expect(await read(topic, 4, 'fields')).toEqual([isGood, bad, bad, isGood]);
    });

    test.each([
      ['Avro', [id, note], '{"id":9007199254740993,"note":null}', { id: 9007199254740993n, note: null }],
      ['Json', [id], { id: 5 }, { id: 5 }],
    ] as const)('gives a sink what a source published under %s', async (type, fields, value, expected) => {
      const topic = newTopic();
      const shape = await outputShape(definition(type, fields));
      const producer = await session.producer({ topic, schemaDefinition: shape.schema });
      await producer.sendEntry([
        { value: shape.encode(value), sequenceId: 0 },
        { value: shape.encode(null), sequenceId: 1 },
      ]);
      await producer.close();
      expect(await read(topic, 2, 'fields')).toEqual([expected, null]);
    });
  });
};
