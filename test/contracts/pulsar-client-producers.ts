import { expect, test } from '@jest/globals';
import { hashKey } from '../../src/pulsar/client/hashing.ts';
import { bytes, numbers, receiveValues, type UseBroker, usePulsarClients } from './pulsar-client-kit.ts';

const compressions = ['None', 'LZ4', 'Zlib', 'ZSTD', 'SNAPPY'] as const;

/** Producers: names, sequences, deduplication, compression, batches, partitions, limits. */
export function producerCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  test('keeps a given name and is given one otherwise', async () => {
    const client = clients.client();
    const topic = use().topic();
    const named = await client.createProducer({ topic, producerName: 'mine' });
    const unnamed = await client.createProducer({ topic });
    expect(named.getProducerName()).toBe('mine');
    expect(unnamed.getProducerName()).not.toBe('');
    expect(named.getTopic()).toBe(topic);
    expect(named.isConnected()).toBe(true);
  });

  test('refuses a name that is taken', async () => {
    const client = clients.client();
    const topic = use().topic();
    await client.createProducer({ topic, producerName: 'mine' });
    await expect(clients.client().createProducer({ topic, producerName: 'mine' })).rejects.toMatchObject({
      code: 'ProducerBusy',
      message: 'Failed to create producer: ProducerBusy',
    });
  });

  test('numbers messages from the initial sequence id on', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    const producer = await client.createProducer({ topic, initialSequenceId: 41 });
    await producer.send({ data: bytes('a') });
    await producer.send({ data: bytes('b'), sequenceId: 100 });
    expect((await consumer.receive()).getSequenceId()).toBe(42);
    expect((await consumer.receive()).getSequenceId()).toBe(100);
  });

  test('learns the last id of a whole batch, and what is sent again is not stored again', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    const first = await client.createProducer({ topic, producerName: 'mine', batchingMaxPublishDelayMs: 50 });
    const ids = await Promise.all(numbers(10).map((value) => first.send({ data: bytes(value) })));
    expect(new Set(ids.map(({ parts }) => `${parts.ledgerId}:${parts.entryId}`)).size).toBe(1);
    await first.close();

    const second = await client.createProducer({ topic, producerName: 'mine', batchingMaxPublishDelayMs: 50 });
    expect(second.lastSequenceId()).toBe(9);
    const again = numbers(14).map((value) => second.send({ data: bytes(value), sequenceId: Number(value) }));
    const places = (await Promise.all(again)).map(({ parts }) => parts.ledgerId);
    expect(places.slice(0, 10)).toEqual(Array(10).fill(-1));
    expect(places.slice(10).every((ledgerId) => ledgerId >= 0)).toBe(true);
    expect(await receiveValues(consumer, 14)).toEqual(numbers(14));
  });

  for (const compressionType of compressions) {
    test(`compresses with ${compressionType}, alone and in batches`, async () => {
      const client = clients.client();
      const topic = use().topic();
      const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
      const text = 'compress me, please. '.repeat(500);
      const alone = await client.createProducer({ topic, compressionType, batchingEnabled: false });
      await alone.send({ data: bytes(text), properties: { a: 'b' }, partitionKey: 'k', eventTimestamp: 7 });
      const batched = await client.createProducer({ topic, compressionType });
      await Promise.all(numbers(20).map((value) => batched.send({ data: bytes(text + value), orderingKey: value })));
      const message = await consumer.receive(10_000);
      expect(message.getData().toString()).toBe(text);
      expect(message.getProperties()).toEqual({ a: 'b' });
      expect([message.getPartitionKey(), message.getEventTimestamp()]).toEqual(['k', 7]);
      expect(await receiveValues(consumer, 20)).toEqual(numbers(20).map((value) => text + value));
    });
  }

  test('tells a null value from an empty one', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    const producer = await client.createProducer({ topic });
    await Promise.all([producer.send({ data: null }), producer.send({ data: bytes('') })]);
    await producer.send({ data: null });
    const nulls = [await consumer.receive(), await consumer.receive(), await consumer.receive()].map((one) =>
      one.isNull(),
    );
    expect(nulls).toEqual([true, false, true]);
  });

  test('sends each key to one partition, the one its hash names, in order', async () => {
    const client = clients.client();
    const topic = await use().partitionedTopic(3);
    expect(await client.getPartitionsForTopic(topic)).toEqual([0, 1, 2].map((i) => `${topic}-partition-${i}`));
    const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    const producer = await client.createProducer({ topic, hashingScheme: 'Murmur3_32Hash' });
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const sends = numbers(50).map((value, i) =>
      producer.send({ data: bytes(value), partitionKey: keys[i % 5] as string }),
    );
    await Promise.all(sends);
    const byKey = new Map<string, string[]>();
    for (let i = 0; i < 50; i++) {
      const message = await consumer.receive(10_000);
      const key = message.getPartitionKey();
      expect(message.getTopicName()).toBe(`${topic}-partition-${hashKey('Murmur3_32Hash', key) % 3}`);
      byKey.set(key, [...(byKey.get(key) ?? []), message.getData().toString()]);
    }
    for (const [i, key] of keys.entries()) {
      expect(byKey.get(key)).toEqual(numbers(50).filter((_, at) => at % 5 === i));
    }
  });

  test('spreads messages without a key over all partitions', async () => {
    const client = clients.client();
    const topic = await use().partitionedTopic(3);
    const producer = await client.createProducer({ topic, batchingEnabled: false });
    const places = await Promise.all(numbers(9).map((value) => producer.send({ data: bytes(value) })));
    const counts = [0, 1, 2].map((partition) => places.filter(({ parts }) => parts.partition === partition).length);
    expect(counts).toEqual([3, 3, 3]);
  });

  test('flush and close wait for what waits for room, too', async () => {
    const client = clients.client();
    const options = { topic: use().topic(), maxPendingMessages: 3, blockIfQueueFull: true, batchingMaxMessages: 2 };
    const producer = await client.createProducer(options);
    let stored = 0;
    const sendMany = () => numbers(20).map((value) => producer.send({ data: bytes(value) }).then(() => stored++));
    const sends = sendMany();
    await producer.flush();
    expect(stored).toBe(20);
    sends.push(...sendMany());
    await producer.close();
    await Promise.all(sends);
  });

  test('refuses more than maxPendingMessages, and waits for room with blockIfQueueFull', async () => {
    const proxy = await clients.proxy();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const topic = use().topic();
    const common = { topic, batchingEnabled: false, maxPendingMessages: 2 };
    const strict = await client.createProducer(common);
    const patient = await client.createProducer({ ...common, blockIfQueueFull: true });
    const [one, two, three] = numbers(3).map((value) => strict.send({ data: bytes(value) }));
    await expect(three).rejects.toThrow('Failed to send message: ProducerQueueIsFull');
    await Promise.all([one, two]);
    await Promise.all(numbers(10).map((value) => patient.send({ data: bytes(value) })));
  });

  test('messages that wait for room keep their order, also against later ones', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    const producer = await client.createProducer({
      topic,
      maxPendingMessages: 3,
      batchingMaxMessages: 2,
      blockIfQueueFull: true,
    });
    const sends: Promise<unknown>[] = [];
    const send = (value: string) => sends.push(producer.send({ data: bytes(value) }));
    for (const value of numbers(20)) send(value);
    await sends[0];
    for (const value of numbers(20, 20)) send(value);
    await Promise.all(sends);
    expect(await receiveValues(consumer, 40)).toEqual(numbers(40));
  });

  test('fails everything pending when the oldest got no receipt within the send timeout', async () => {
    const proxy = await clients.proxy();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const producer = await client.createProducer({ topic: use().topic(), sendTimeoutMs: 200 });
    proxy.decide = (_side, { type }) => (type === 'SEND_RECEIPT' ? 'drop' : 'pass');
    const results = await Promise.allSettled(numbers(3).map((value) => producer.send({ data: bytes(value) })));
    for (const result of results) {
      expect(result).toMatchObject({ reason: { message: 'Failed to send message: TimeOut' } });
    }
  });

  test('refuses a message above the broker limit before sending it', async () => {
    const producer = await clients.client().createProducer({ topic: use().topic() });
    await expect(producer.send({ data: Buffer.alloc(6_000_000) })).rejects.toThrow(
      'Failed to send message: MessageTooBig',
    );
    await producer.send({ data: bytes('still works') });
  });

  test('sends large messages up to the limit', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    const producer = await client.createProducer({ topic });
    const data = Buffer.alloc(5_000_000, 'x');
    await producer.send({ data });
    expect((await consumer.receive(10_000)).getData().equals(data)).toBe(true);
  });

  test('creates the initial subscription', async () => {
    const client = clients.client();
    const topic = use().topic();
    const producer = await client.createProducer({ topic, initialSubscriptionName: 'early' });
    await producer.send({ data: bytes('first') });
    const consumer = await client.subscribe({ topic, subscription: 'early' });
    expect(await receiveValues(consumer, 1)).toEqual(['first']);
  });

  test('sends nothing more once closed', async () => {
    const producer = await clients.client().createProducer({ topic: use().topic() });
    const sent = producer.send({ data: bytes('a') });
    await producer.close();
    await sent;
    await expect(producer.send({ data: bytes('b') })).rejects.toThrow('Failed to send message: AlreadyClosed');
  });

  test('says why it cannot be created', async () => {
    const client = clients.client();
    await expect(client.createProducer({ topic: 'persistent://no-such-tenant/ns/t' })).rejects.toThrow(
      'Failed to create producer: TopicNotFound',
    );
    await expect(client.createProducer({ topic: 'a/b' })).rejects.toThrow(
      'Failed to create producer: InvalidTopicName',
    );
    await expect(client.createProducer({} as never)).rejects.toThrow(
      'Topic is required and must be specified as a string',
    );
  });
}
