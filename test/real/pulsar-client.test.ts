import { expect, test } from '@jest/globals';
import { Client, MessageId, type ProducerConfig } from '../../src/pulsar/index.ts';
import { pulsarClientContract } from '../contracts/pulsar-client.ts';
import { describeReal, runPython, usePulsar } from '../services/index.ts';

const PATTERN = 'abcabcdxyz';
/** Around the limits of LZ4 blocks and of the windows of LZ4 and Snappy. */
const SIZES = [0, 1, 5, 11, 12, 13, 14, 20, 100, 1000, 65_536, 70_000, 300_000];
const COMPRESSIONS = ['None', 'LZ4', 'Zlib', 'ZSTD', 'SNAPPY'] as const satisfies ProducerConfig['compressionType'][];

const BATCHINGS = [
  { batchingEnabled: false },
  { batchingEnabled: true },
  { batchingEnabled: true, batchingType: 'KeyBasedBatching' },
] as const;

function body(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => PATTERN.charCodeAt((i * i + (i >> 4)) % PATTERN.length)));
}

const readInPython = `
import pulsar, sys
client = pulsar.Client(sys.argv[1], logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
reader = client.create_reader(sys.argv[2], pulsar.MessageId.earliest)
for i in range(int(sys.argv[3])):
    message = reader.read_next(10000)
    data = message.data()
    pattern = b'${PATTERN}'
    assert data == bytes(pattern[(i * i + (i >> 4)) % 10] for i in range(len(data)))
    print(len(data), message.partition_key(), message.properties().get('size'), message.message_id().serialize().hex(), sep='|')
client.close()
`;

const writeInPython = `
import pulsar, sys
client = pulsar.Client(sys.argv[1], logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
sizes = [int(text) for text in sys.argv[3].split(',')]
bodies = [bytes(b'${PATTERN}'[(i * i + (i >> 4)) % 10] for i in range(size)) for size in sizes]
for name in ['NONE', 'LZ4', 'ZLib', 'ZSTD', 'SNAPPY']:
    for options in [{}, {'batching_enabled': True}, {'batching_enabled': True, 'batching_type': pulsar.BatchingType.KeyBased}]:
        compression_type = getattr(pulsar.CompressionType, name)
        producer = client.create_producer(sys.argv[2], compression_type=compression_type, **options)
        for data in bodies:
            size = len(data)
            named = {'partition_key': 'k%d' % size, 'ordering_key': 'o%d' % size, 'event_timestamp': 1000 + size}
            producer.send_async(data, lambda result, id: None, properties={'size': str(size)}, **named)
        producer.flush()
        producer.close()
client.close()
`;

describeReal('the client on a real broker', ['pulsar'], () => {
  pulsarClientContract('Pulsar standalone', async () => ({ ...usePulsar(), stop: async () => undefined }));
});

describeReal('the client beside the official C++ client', ['pulsar', 'pythonClient'], () => {
  test('what we send, alone, in batches and with every compression, it reads', async () => {
    const { serviceUrl } = usePulsar();
    const topic = `persistent://public/default/to-cpp-${Date.now()}`;
    const client = new Client({ serviceUrl });
    const expected: string[] = [];
    for (const compressionType of COMPRESSIONS) {
      for (const batching of BATCHINGS) {
        const producer = await client.createProducer({ topic, compressionType, ...batching });
        const sends = SIZES.map((size) =>
          producer.send({ data: body(size), partitionKey: `k${size}`, properties: { size: String(size) } }),
        );
        const ids = await Promise.all(sends);
        expected.push(...SIZES.map((size, i) => `${size}|k${size}|${size}|${ids[i]?.serialize().toString('hex')}`));
        await producer.close();
      }
    }
    await client.close();
    const { stdout } = await runPython(readInPython, [serviceUrl, topic, String(expected.length)]);
    expect(stdout.trim().split('\n')).toEqual(expected);
  });

  test('what it sends, alone, in batches, in batches by key, with every compression, we read', async () => {
    const { serviceUrl } = usePulsar();
    const topic = `persistent://public/default/from-cpp-${Date.now()}`;
    await runPython(writeInPython, [serviceUrl, topic, SIZES.join(',')]);
    const client = new Client({ serviceUrl });
    const reader = await client.createReader({ topic, startMessageId: MessageId.earliest() });
    for (let i = 0; i < COMPRESSIONS.length * 3 * SIZES.length; i++) {
      const size = SIZES[i % SIZES.length] as number;
      const message = await reader.readNext(10_000);
      expect(message.getData().equals(body(size))).toBe(true);
      expect([message.getPartitionKey(), message.getOrderingKey()]).toEqual([`k${size}`, `o${size}`]);
      expect([message.getProperties(), message.getEventTimestamp()]).toEqual([{ size: String(size) }, 1000 + size]);
    }
    expect(await reader.hasMessageAvailable()).toBe(false);
    await client.close();
  });
});
