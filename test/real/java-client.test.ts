import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Client, MessageId, type ProducerConfig, type SchemaInfo } from '../../src/pulsar/index.ts';
import { describeReal, runJava, usePulsar } from '../services/index.ts';

const INTEROP = join(import.meta.dirname, 'java/Interop.java');
const PATTERN = Buffer.from('abcabcdxyz');
/** Around the limits of LZ4 blocks and of the windows of LZ4 and Snappy. */
const SIZES = [0, 1, 5, 12, 13, 100, 1000, 65_536, 70_000, 300_000];
const COMPRESSIONS = ['None', 'LZ4', 'Zlib', 'ZSTD', 'SNAPPY'] as const satisfies ProducerConfig['compressionType'][];
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
/** What the two clients write under a schema: its payload, and how Java prints the value. */
const VALUES: Readonly<Record<string, readonly [SchemaInfo, Buffer, string]>> = {
  json: [{ schemaType: 'Json', schema: PERSON }, Buffer.from('{"name":"Ada","age":36}'), 'Ada,36'],
  avro: [{ schemaType: 'Avro', schema: PERSON }, Buffer.from('480206416461', 'hex'), 'Ada,36'],
  string: [{ schemaType: 'String' }, Buffer.from('Zoë'), 'Zoë'],
  bool: [{ schemaType: 'Boolean' }, Buffer.from([1]), 'true'],
  int8: [{ schemaType: 'Int8' }, Buffer.from([-8]), '-8'],
  int16: [{ schemaType: 'Int16' }, bigEndian(2, (it) => it.writeInt16BE(-1600)), '-1600'],
  int32: [{ schemaType: 'Int32' }, bigEndian(4, (it) => it.writeInt32BE(-320_000)), '-320000'],
  int64: [{ schemaType: 'Int64' }, bigEndian(8, (it) => it.writeBigInt64BE(-6_400_000_000_000n)), '-6400000000000'],
  float: [{ schemaType: 'Float32' }, bigEndian(4, (it) => it.writeFloatBE(1.5)), '1.5'],
  double: [{ schemaType: 'Float64' }, bigEndian(8, (it) => it.writeDoubleBE(-2.25)), '-2.25'],
};

const body = (size: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, i) => PATTERN[(i * i + (i >> 4)) % PATTERN.length] as number));

/** Runs the Java client and gives what it printed about messages. */
async function java(mode: 'send' | 'receive', prefix: string, kinds: readonly string[]): Promise<string[]> {
  const args = [mode, usePulsar().serviceUrl, prefix, SIZES.join(','), '/nowhere', ...kinds];
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
    client = new Client({ serviceUrl: usePulsar().serviceUrl, log: () => undefined });
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
    for (const [kind, [schema, data, printed]] of Object.entries(VALUES)) {
      const producer = await client.createProducer({ topic: `${prefix}-${kind}`, schema });
      await producer.send({ data });
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
      const message = await reader.readNext(10_000);
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
    for (const [kind, [, data]] of Object.entries(VALUES)) {
      const one = await client.createReader({ topic: `${prefix}-${kind}`, startMessageId });
      expect([kind, (await one.readNext(10_000)).getData().toString('hex')]).toEqual([kind, data.toString('hex')]);
    }
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
