import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import {
  Client,
  CryptoKeyReader,
  type EncryptionKeyInfo,
  keyValueSchema,
  MessageId,
  type ProducerConfig,
  ProtobufNativeSchema,
  type SchemaInfo,
} from '../../src/pulsar/index.ts';
import { describeReal, runJava, usePulsar } from '../services/index.ts';

const INTEROP = join(import.meta.dirname, 'java/Interop.java');
const PATTERN = Buffer.from('abcabcdxyz');
/** Around the limits of LZ4 blocks and of the windows of LZ4 and Snappy. */
const SIZES = [0, 1, 5, 12, 13, 100, 1000, 65_536, 70_000, 300_000];
const COMPRESSIONS = ['None', 'LZ4', 'Zlib', 'ZSTD', 'SNAPPY'] as const satisfies ProducerConfig['compressionType'][];
const EARLIEST = { subscriptionInitialPosition: 'Earliest' } as const;
const BATCHINGS = [
  { batchingEnabled: false },
  { batchingEnabled: true },
  { batchingEnabled: true, batchingType: 'KeyBasedBatching' },
] as const;

const PERSON = JSON.stringify({
  type: 'record',
  name: 'Person',
  namespace: 'Interop',
  fields: [
    { name: 'age', type: 'int' },
    { name: 'name', type: ['null', 'string'], default: null },
  ],
});
const bigEndian = (size: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.alloc(size);
  write(buffer);
  return buffer;
};
const JSON_PERSON: SchemaInfo = { schemaType: 'Json', schema: PERSON };
const AVRO_PERSON: SchemaInfo = { schemaType: 'Avro', schema: PERSON };
/** The part of `google.protobuf.Field`, which the Java client brings, that is used here. */
const PROTOBUF_FIELD = ProtobufNativeSchema.createSchemaInfoFromRoot({
  root: ProtobufNativeSchema.createRootFromJson({
    nested: {
      'google.protobuf': {
        nested: {
          Field: {
            fields: {
              kind: { type: 'Kind', id: 1 },
              number: { type: 'int32', id: 3 },
              name: { type: 'string', id: 4 },
              packed: { type: 'bool', id: 8 },
              options: { rule: 'repeated', type: 'Option', id: 9 },
            },
            nested: { Kind: { values: { TYPE_UNKNOWN: 0, TYPE_DOUBLE: 1, TYPE_FLOAT: 2, TYPE_INT64: 3 } } },
          },
          Option: { fields: { name: { type: 'string', id: 1 } } },
        },
      },
    },
  }),
  rootMessageTypeName: 'google.protobuf.Field',
  rootFileDescriptorName: 'google/protobuf/type.proto',
});
const PERSON_PAIR = { key: { schemaType: 'String' }, value: JSON_PERSON } as const;
const ada = { name: 'Ada', age: 36 };
const int64 = (value: bigint): Buffer => bigEndian(8, (it) => it.writeBigInt64BE(value));

/** What the two clients write under a schema: the value, its bytes (where they have one form only), and how Java prints the value. */
const VALUES: Readonly<Record<string, readonly [SchemaInfo, unknown, Buffer | undefined, string]>> = {
  json: [JSON_PERSON, ada, undefined, 'Ada,36'],
  avro: [AVRO_PERSON, ada, Buffer.from('480206416461', 'hex'), 'Ada,36'],
  string: [{ schemaType: 'String' }, 'Zoë', Buffer.from('Zoë'), 'Zoë'],
  bool: [{ schemaType: 'Boolean' }, true, Buffer.from([1]), 'true'],
  int8: [{ schemaType: 'Int8' }, -8, Buffer.from([-8]), '-8'],
  int16: [{ schemaType: 'Int16' }, -1600, bigEndian(2, (it) => it.writeInt16BE(-1600)), '-1600'],
  int32: [{ schemaType: 'Int32' }, -320_000, bigEndian(4, (it) => it.writeInt32BE(-320_000)), '-320000'],
  int64: [{ schemaType: 'Int64' }, -6_400_000_000_000, int64(-6_400_000_000_000n), '-6400000000000'],
  float: [{ schemaType: 'Float32' }, 1.5, bigEndian(4, (it) => it.writeFloatBE(1.5)), '1.5'],
  double: [{ schemaType: 'Float64' }, -2.25, bigEndian(8, (it) => it.writeDoubleBE(-2.25)), '-2.25'],
  date: [{ schemaType: 'Date' }, new Date(1_700_000_000_123), int64(1_700_000_000_123n), '1700000000123'],
  time: [{ schemaType: 'Time' }, new Date(1_000), int64(1_000n), '1000'],
  timestamp: [{ schemaType: 'Timestamp' }, new Date(1_700_000_000_123), int64(1_700_000_000_123n), '1700000000123'],
  instant: [{ schemaType: 'Instant' }, '2026-11-21T11:00:00.123456789Z', undefined, '2026-11-21T11:00:00.123456789Z'],
  'local-date': [{ schemaType: 'LocalDate' }, '2026-11-21', undefined, '2026-11-21'],
  'local-time': [{ schemaType: 'LocalTime' }, '11:00:00.000000005', undefined, '11:00:00.000000005'],
  'local-date-time': [
    { schemaType: 'LocalDateTime' },
    '2026-11-21T11:00:00.000000005',
    undefined,
    '2026-11-21T11:00:00.000000005',
  ],
  'kv-inline': [keyValueSchema(PERSON_PAIR), { key: 'key', value: ada }, undefined, 'key=Ada,36'],
  'kv-separated': [
    keyValueSchema({ ...PERSON_PAIR, encoding: 'SEPARATED' }),
    { key: 'key', value: ada },
    undefined,
    'key=Ada,36',
  ],
  'kv-avro-keys': [
    keyValueSchema({ key: AVRO_PERSON, value: { schemaType: 'Int64' }, encoding: 'SEPARATED' }),
    { key: ada, value: 9_007_199_254_740_993n },
    undefined,
    'Ada,36=9007199254740993',
  ],
  'protobuf-native': [
    PROTOBUF_FIELD,
    { kind: 'TYPE_INT64', number: 7, name: 'Zoë', packed: true, options: [{ name: 'o' }] },
    undefined,
    'TYPE_INT64,7,Zoë,true,o',
  ],
};
/** Avro's records have a prototype of their own. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, it) => (typeof it === 'bigint' ? `${it}n` : it)));

const bodies = new Map<number, Buffer>();
const body = (size: number): Buffer => {
  const known = bodies.get(size);
  if (known !== undefined) return known;
  const made = Buffer.alloc(size);
  for (let i = 0; i < size; i++) made[i] = PATTERN[(i * i + (i >> 4)) % PATTERN.length] as number;
  bodies.set(size, made);
  return made;
};

let keyFolder: string;
beforeAll(() => {
  keyFolder = mkdtempSync(join(tmpdir(), 'pio-keys-'));
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  writeFileSync(join(keyFolder, 'public.pem'), publicKey);
  writeFileSync(join(keyFolder, 'private.pem'), privateKey);
});
afterAll(() => rmSync(keyFolder, { recursive: true }));

/** The keys of the folder, as both clients are given them. */
class Keys extends CryptoKeyReader {
  override getPublicKey(): EncryptionKeyInfo {
    return { key: readFileSync(join(keyFolder, 'public.pem')), metadata: {} };
  }
  override getPrivateKey(): EncryptionKeyInfo {
    return { key: readFileSync(join(keyFolder, 'private.pem')), metadata: {} };
  }
}
/** Larger than what a broker takes at once, and not. */
const CHUNKED_SIZES = [3, 6_000_000];

/** What makes the topics `chunks` and `encrypted`. */
const SPECIAL: Readonly<
  Record<string, { readonly sizes: readonly number[]; readonly configs: readonly Partial<ProducerConfig>[] }>
> = {
  chunks: { sizes: CHUNKED_SIZES, configs: [{ batchingEnabled: false, chunkingEnabled: true }] },
  encrypted: {
    sizes: [0, 13, 70_000, 300_000],
    configs: [{ batchingEnabled: false }, { batchingEnabled: true }].map((batching) => ({
      ...batching,
      encryptionKeys: ['the-key'],
      cryptoKeyReader: new Keys(),
    })),
  },
};

/** Runs the Java client and gives what it printed about messages. */
async function java(
  mode: 'send' | 'receive',
  prefix: string,
  kinds: readonly string[],
  sizes: readonly number[] = SIZES,
): Promise<string[]> {
  const args = [mode, usePulsar().serviceUrl, prefix, sizes.join(','), keyFolder, ...kinds];
  const { code, stdout, stderr } = await runJava(INTEROP, args);
  if (code !== 0) throw new Error(`${stderr}\n${stdout.slice(-2_000)}`);
  return stdout.split('\n').flatMap((line) => (line.startsWith('> ') ? [line.slice(2)] : []));
}

describeReal('the client beside the official Java client', ['pulsar', 'javaClient'], () => {
  let client: Client;
  afterEach(async () => {
    await client.close();
  });
  const open = (): string => {
    client = new Client({
      serviceUrl: usePulsar().serviceUrl,
      log: (_level, _file, _line, text) => console.error(text),
      logLevel: 2,
    });
    return `persistent://public/default/java-${Date.now()}`;
  };

  test('what we send, alone, in batches, in batches by key, with every compression and schema, it reads', async () => {
    const prefix = open();
    const expected: string[] = [];
    for (const compressionType of COMPRESSIONS) {
      for (const batching of BATCHINGS) {
        const producer = await client.createProducer({ topic: `${prefix}-messages`, compressionType, ...batching });
        const sends = SIZES.map((size) =>
          producer.send({
            data: body(size),
            partitionKey: `k${size}`,
            orderingKey: `o${size}`,
            properties: { size: String(size) },
            eventTimestamp: 1000 + size,
          }),
        );
        await producer.flush();
        for (const [i, id] of (await Promise.all(sends)).entries()) {
          const size = SIZES[i] as number;
          const { ledgerId, entryId, batchIndex } = id.parts;
          expected.push(
            `messages|${size}|true|k${size}|o${size}|${size}|${1000 + size}|${ledgerId}:${entryId}:${batchIndex}`,
          );
        }
        await producer.close();
      }
    }
    for (const [kind, [schema, value, , printed]] of Object.entries(VALUES)) {
      const producer = await client.createProducer({ topic: `${prefix}-${kind}`, schema });
      await producer.send({ value });
      expected.push(`${kind}|${printed}`);
    }
    const kinds = [`messages=${SIZES.length * 15}`, ...Object.keys(VALUES).map((kind) => `${kind}=1`)];
    expect(withIds(await java('receive', prefix, kinds))).toEqual(expected);
  });

  test('what it sends, alone, in batches, in batches by key, with every compression and schema, we read', async () => {
    const prefix = open();
    await java('send', prefix, ['messages', ...Object.keys(VALUES)]);
    const startMessageId = MessageId.earliest();
    const reader = await client.createReader({ topic: `${prefix}-messages`, startMessageId });
    for (let i = 0; i < SIZES.length * 15; i++) {
      const message = await reader.readNext(30_000);
      const size = SIZES[i % SIZES.length] as number;
      expect(message.getData().equals(body(size))).toBe(true);
      expect({
        key: message.getPartitionKey(),
        orderingKey: message.getOrderingKey(),
        properties: message.getProperties(),
        eventTimestamp: message.getEventTimestamp(),
      }).toEqual({
        key: `k${size}`,
        orderingKey: `o${size}`,
        properties: { size: String(size) },
        eventTimestamp: 1000 + size,
      });
    }
    for (const [kind, [schema, value, data]] of Object.entries(VALUES)) {
      for (const reading of [schema, { schemaType: 'AutoConsume' } as const]) {
        const subscription = reading.schemaType;
        const consumer = await client.subscribe({
          topic: `${prefix}-${kind}`,
          ...EARLIEST,
          subscription,
          schema: reading,
        });
        const message = await consumer.receive(30_000);
        expect([kind, plain(await message.getValue())]).toEqual([kind, plain(value)]);
        if (data !== undefined) expect([kind, message.getData().toString('hex')]).toEqual([kind, data.toString('hex')]);
      }
    }
  });

  test.each(Object.entries(SPECIAL))('%s with every compression go both ways', async (kind, { sizes, configs }) => {
    const prefix = open();
    const theirs = `${prefix}-theirs-${kind}`;
    await java('send', `${prefix}-theirs`, [kind], sizes);
    const cryptoKeyReader = new Keys();
    const consumer = await client.subscribe({
      topic: theirs,
      subscription: 's',
      subscriptionInitialPosition: 'Earliest',
      cryptoKeyReader,
    });
    const count = COMPRESSIONS.length * configs.length * sizes.length;
    for (let i = 0; i < count; i++) {
      const message = await consumer.receive(30_000);
      const size = sizes[i % sizes.length] as number;
      expect([size, message.getData().equals(body(size)), message.getPartitionKey()]).toEqual([size, true, `k${size}`]);
    }
    const expected: string[] = [];
    for (const compressionType of COMPRESSIONS) {
      for (const config of configs) {
        const producer = await client.createProducer({ topic: `${prefix}-ours-${kind}`, compressionType, ...config });
        const sends = sizes.map((size) => producer.send({ data: body(size), partitionKey: `k${size}` }));
        await Promise.all(sends);
        await producer.close();
        expected.push(...sizes.map((size) => `${kind}|${size}|true|k${size}`));
      }
    }
    const read = await java('receive', `${prefix}-ours`, [`${kind}=${count}`], sizes);
    expect(read.map((line) => line.split('|').slice(0, 4).join('|'))).toEqual(expected);
  });
});

/** Lines whose last field, a serialized message id, is replaced by its parts. */
function withIds(lines: readonly string[]): string[] {
  return lines.map((line) => {
    const fields = line.split('|');
    if (fields.length < 8) return line;
    const { ledgerId, entryId, batchIndex } = MessageId.deserialize(Buffer.from(fields.at(-1) as string, 'hex')).parts;
    return [...fields.slice(0, -1), `${ledgerId}:${entryId}:${batchIndex}`].join('|');
  });
}
