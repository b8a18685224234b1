import { expect, test } from '@jest/globals';
import type { Message } from '../../src/pulsar/index.ts';
import {
  bytes,
  expectNothingMore,
  numbers,
  receiveValues,
  type UseBroker,
  usePulsarClients,
} from './pulsar-client-kit.ts';

const earliest = { subscription: 's', subscriptionInitialPosition: 'Earliest' } as const;
const shared = { ...earliest, subscriptionType: 'Shared' } as const;

/** Consumers: the four subscription types, permits, acknowledgements, redelivery. */
export function consumerCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  async function publish(topic: string, values: readonly string[], isBatched = false): Promise<void> {
    const producer = await clients.client().createProducer({
      topic,
      batchingEnabled: isBatched,
      batchingMaxPublishDelayMs: 50,
    });
    await Promise.all(values.map((value) => producer.send({ data: bytes(value) })));
    await producer.close();
  }

  test('Exclusive: a second consumer is refused', async () => {
    const topic = use().topic();
    await clients.client().subscribe({ topic, ...earliest });
    await expect(clients.client().subscribe({ topic, ...earliest })).rejects.toThrow(
      'Failed to create consumer: ConsumerBusy',
    );
  });

  test('Shared: two consumers get all messages between them', async () => {
    const topic = use().topic();
    const [a, b] = [
      await clients.client().subscribe({ topic, ...shared, receiverQueueSize: 5 }),
      await clients.client().subscribe({ topic, ...shared, receiverQueueSize: 5 }),
    ];
    await publish(topic, numbers(40));
    const values = (await Promise.all([receiveValues(a, 5), receiveValues(b, 5)])).flat();
    const drain = async (consumer: typeof a) => {
      while (values.length < 40) {
        const message = await consumer.receive(500).catch(() => undefined);
        if (message !== undefined) values.push(message.getData().toString());
      }
    };
    await Promise.all([drain(a), drain(b)]);
    expect(values.sort()).toEqual(numbers(40).sort());
    for (const consumer of [a, b]) await expectNothingMore(consumer);
  });

  test('Failover: the next consumer goes on where the first one ended', async () => {
    const topic = use().topic();
    const options = { topic, ...earliest, subscriptionType: 'Failover' } as const;
    const first = await clients.client().subscribe({ ...options, consumerName: 'a' });
    const second = await clients.client().subscribe({ ...options, consumerName: 'b' });
    await publish(topic, numbers(10));
    const stop = new AbortController();
    const wait = (consumer: typeof first) => consumer.receive({ signal: stop.signal }).then(() => consumer);
    const waits = [first, second].map(wait);
    const active = await Promise.race(waits);
    stop.abort();
    await Promise.allSettled(waits);
    const other = active === first ? second : first;
    for (const value of numbers(4, 1)) {
      const message = await active.receive(10_000);
      expect(message.getData().toString()).toBe(value);
      await active.acknowledgeCumulative(message);
    }
    await active.close();
    expect(await receiveValues(other, 5)).toEqual(numbers(5, 5));
  });

  test('KeyShared: each key stays with one consumer, in order', async () => {
    const topic = use().topic();
    const options = { topic, ...earliest, subscriptionType: 'KeyShared' } as const;
    const consumers = [await clients.client().subscribe(options), await clients.client().subscribe(options)];
    const producer = await clients.client().createProducer({ topic, batchingType: 'KeyBasedBatching' });
    const keys = numbers(8);
    await Promise.all(
      numbers(80).map((value, i) => producer.send({ data: bytes(value), partitionKey: keys[i % 8] as string })),
    );
    const seen = new Map<string, { consumers: Set<number>; values: string[] }>();
    let count = 0;
    const drain = async (index: number) => {
      while (count < 80) {
        const message = await consumers[index]?.receive(1000).catch(() => undefined);
        if (message === undefined) continue;
        count++;
        const key = seen.get(message.getPartitionKey()) ?? { consumers: new Set(), values: [] };
        key.consumers.add(index);
        key.values.push(message.getData().toString());
        seen.set(message.getPartitionKey(), key);
      }
    };
    await Promise.all([drain(0), drain(1)]);
    for (const [i, key] of keys.entries()) {
      expect(seen.get(key)?.consumers.size).toBe(1);
      expect(seen.get(key)?.values).toEqual(numbers(80).filter((_, at) => at % 8 === i));
    }
  });

  test('what was acknowledged does not come again, the rest does', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, ...shared, ackReceipt: true });
    await publish(topic, numbers(6));
    for (let i = 0; i < 6; i++) {
      const message = await consumer.receive(10_000);
      if (i % 2 === 0) await consumer.acknowledge(message);
    }
    await consumer.close();
    const next = await client.subscribe({ topic, ...shared });
    expect((await receiveValues(next, 3)).sort()).toEqual(['1', '3', '5']);
    await expectNothingMore(next);
  });

  test('a cumulative acknowledgement covers everything before, within a batch only the entries before', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, ...earliest, ackReceipt: true });
    await publish(topic, numbers(5));
    await publish(topic, numbers(5, 5), true);
    const messages: Message[] = [];
    for (let i = 0; i < 8; i++) messages.push(await consumer.receive(10_000));
    await consumer.acknowledgeCumulative(messages[7] as Message);
    await consumer.close();
    const next = await client.subscribe({ topic, ...earliest, ackReceipt: true });
    expect(await receiveValues(next, 5)).toEqual(numbers(5, 5));
    await next.close();
  });

  test('a cumulative acknowledgement is refused on a shared subscription', async () => {
    const topic = use().topic();
    const consumer = await clients.client().subscribe({ topic, ...shared });
    await publish(topic, ['a']);
    await expect(consumer.acknowledgeCumulative(await consumer.receive(10_000))).rejects.toThrow(
      'Failed to acknowledge cumulatively: ResultCumulativeAcknowledgementNotAllowedError',
    );
  });

  test('a batch is acknowledged with the last of its messages', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, ...shared, ackReceipt: true });
    await publish(topic, numbers(5), true);
    await publish(topic, numbers(5, 5), true);
    const messages: Message[] = [];
    for (let i = 0; i < 10; i++) messages.push(await consumer.receive(10_000));
    await Promise.all(messages.filter((_, i) => i !== 7).map((message) => consumer.acknowledge(message)));
    await consumer.close();
    const next = await client.subscribe({ topic, ...shared });
    expect(await receiveValues(next, 5)).toEqual(numbers(5, 5));
    await expectNothingMore(next);
  });

  test('with batch index acknowledgement only the rest of a batch comes again', async () => {
    const topic = use().topic();
    const client = clients.client();
    const options = { topic, ...shared, ackReceipt: true, batchIndexAckEnabled: true };
    const consumer = await client.subscribe(options);
    await publish(topic, numbers(70), true);
    const messages: Message[] = [];
    for (let i = 0; i < 70; i++) messages.push(await consumer.receive(10_000));
    await Promise.all(messages.filter((_, i) => i !== 3 && i !== 66).map((message) => consumer.acknowledge(message)));
    await consumer.close();
    const next = await client.subscribe(options);
    expect(await receiveValues(next, 2)).toEqual(['3', '66']);
    await expectNothingMore(next);
  });

  test('a negative acknowledgement brings the message again, counted', async () => {
    const topic = use().topic();
    const consumer = await clients.client().subscribe({ topic, ...shared, nAckRedeliverTimeoutMs: 100 });
    await publish(topic, ['a', 'b']);
    const first = await consumer.receive(10_000);
    const second = await consumer.receive(10_000);
    expect(first.getRedeliveryCount()).toBe(0);
    consumer.negativeAcknowledge(first);
    await consumer.acknowledge(second);
    for (const count of [1, 2]) {
      const again = await consumer.receive(10_000);
      expect([again.getData().toString(), again.getRedeliveryCount()]).toEqual(['a', count]);
      consumer.negativeAcknowledge(again);
    }
  });

  test('a negative acknowledgement holds though other messages of the batch are acknowledged', async () => {
    const topic = use().topic();
    const consumer = await clients.client().subscribe({ topic, ...shared, nAckRedeliverTimeoutMs: 100 });
    await publish(topic, numbers(3), true);
    const messages: Message[] = [];
    for (let i = 0; i < 3; i++) messages.push(await consumer.receive(10_000));
    consumer.negativeAcknowledge(messages[1] as Message);
    await consumer.acknowledge(messages[0] as Message);
    await consumer.acknowledge(messages[2] as Message);
    const again = await consumer.receive(10_000);
    expect([again.getData().toString(), again.getRedeliveryCount()]).toEqual(['1', 1]);
    await consumer.acknowledge(again);
    await expectNothingMore(consumer);
  });

  test('a negative acknowledgement on an exclusive subscription rewinds it', async () => {
    const topic = use().topic();
    const options = { topic, ...earliest, nAckRedeliverTimeoutMs: 100, ackReceipt: true };
    const consumer = await clients.client().subscribe(options);
    await publish(topic, numbers(6));
    const messages: Message[] = [];
    for (let i = 0; i < 4; i++) messages.push(await consumer.receive(10_000));
    await consumer.acknowledgeCumulative(messages[1] as Message);
    consumer.negativeAcknowledge(messages[2] as Message);
    // Until it is rewound, what was on its way comes.
    const values = [];
    while (values.at(-1) !== '2') values.push(...(await receiveValues(consumer, 1)));
    expect(['', '4', '4,5']).toContain(values.slice(0, -1).join());
    expect(await receiveValues(consumer, 3)).toEqual(numbers(3, 3));
  });

  test('a delayed message comes later than one sent after it', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, ...shared });
    const producer = await client.createProducer({ topic });
    const later = producer.send({ data: bytes('later'), deliverAfter: 1500 });
    await Promise.all([later, producer.send({ data: bytes('now') })]);
    expect(await receiveValues(consumer, 2)).toEqual(['now', 'later']);
  });

  test('several topics and partitions are one consumer', async () => {
    const client = clients.client();
    const topics = [use().topic(), await use().partitionedTopic(2)];
    const consumer = await client.subscribe({ topics, ...earliest });
    for (const topic of topics) await publish(topic, [`of ${topic}`]);
    const messages = [await consumer.receive(10_000), await consumer.receive(10_000)];
    expect(messages.map((message) => message.getData().toString()).sort()).toEqual(topics.map((t) => `of ${t}`).sort());
    for (const message of messages) await consumer.acknowledge(message);
  });

  test('a topic that is named twice is consumed once', async () => {
    const client = clients.client();
    const topic = await use().partitionedTopic(2);
    const consumer = await client.subscribe({ topics: [topic, `${topic}-partition-0`, topic], ...earliest });
    const producer = await client.createProducer({ topic, batchingEnabled: false });
    await Promise.all(numbers(4).map((value) => producer.send({ data: bytes(value) })));
    expect((await receiveValues(consumer, 4)).sort()).toEqual(numbers(4));
    await expectNothingMore(consumer);
    await consumer.close();
    await client.subscribe({ topic, ...earliest });
  });

  test('a closed consumer refuses, also receives that were waiting', async () => {
    const consumer = await clients.client().subscribe({ topic: use().topic(), ...earliest });
    const waiting = expect(consumer.receive()).rejects.toThrow('Failed to receive message: AlreadyClosed');
    await consumer.close();
    await waiting;
    await consumer.close();
    await expect(consumer.receive()).rejects.toThrow('Failed to receive message: AlreadyClosed');
  });

  test('unsubscribe deletes the subscription', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, ...earliest });
    await publish(topic, ['a']);
    expect(await receiveValues(consumer, 1)).toEqual(['a']);
    await consumer.unsubscribe();
    const next = await client.subscribe({ topic, ...earliest });
    expect(await receiveValues(next, 1)).toEqual(['a']);
  });
}
