import { expect, test } from '@jest/globals';
import { KeySharedMode } from '../../src/pulsar/protocol/index.ts';
import { bytes, numbers, receiveValues, type UseBroker, until, usePulsarClients } from './pulsar-client-kit.ts';

const earliest = { subscription: 's', subscriptionInitialPosition: 'Earliest' } as const;
const shared = { ...earliest, subscriptionType: 'Shared' } as const;
const keyShared = { ...earliest, subscriptionType: 'KeyShared' } as const;

/** Options that have no suite of their own. */
export function optionCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  test('sticky ranges: each consumer gets the keys of its ranges, and ranges must not overlap', async () => {
    const topic = use().topic();
    const client = clients.client();
    const subscribe = (...stickyRanges: { start: number; end: number }[]) =>
      client.subscribe({ topic, ...keyShared, keySharedPolicy: { keyShareMode: 'Sticky', stickyRanges } });
    const low = await subscribe({ start: 0, end: 32_767 });
    await expect(subscribe({ start: 30_000, end: 65_535 })).rejects.toThrow(
      'Failed to create consumer: ResultConsumerAssignError',
    );
    const high = await subscribe({ start: 32_768, end: 65_535 });
    const producer = await client.createProducer({ topic, batchingEnabled: false });
    await Promise.all(numbers(20).map((value) => producer.send({ data: bytes(value), partitionKey: value })));
    const received = { low: 0, high: 0 };
    const drain = async (consumer: typeof low, name: 'low' | 'high') => {
      while (received.low + received.high < 20) {
        if ((await consumer.receive(300).catch(() => undefined)) !== undefined) received[name]++;
      }
    };
    await Promise.all([drain(low, 'low'), drain(high, 'high')]);
    expect([received.low > 0, received.high > 0, received.low + received.high]).toEqual([true, true, 20]);
  });

  test('the policy of Key_Shared and the other choices of a subscription reach the broker', async () => {
    const topic = use().topic();
    const proxy = await clients.proxy();
    await clients.client({ serviceUrl: proxy.serviceUrl }).subscribe({
      topic,
      ...keyShared,
      keySharedPolicy: { allowOutOfOrderDelivery: true },
      replicateSubscriptionState: true,
    });
    const [subscribe] = proxy.seen.flatMap(({ command }) => (command.type === 'SUBSCRIBE' ? [command.fields] : []));
    expect(subscribe).toMatchObject({
      keySharedMeta: { keySharedMode: KeySharedMode.AUTO_SPLIT, allowOutOfOrderDelivery: true },
      replicateSubscriptionState: true,
    });
  });

  test('a custom router chooses the partition; a bad choice rejects the send', async () => {
    const topic = await use().partitionedTopic(3);
    const producer = await clients.client().createProducer({
      topic,
      batchingEnabled: false,
      messageRoutingMode: 'CustomPartition',
      messageRouter: (message, { numPartitions }) => (Number(message.getPartitionKey()) === 9 ? numPartitions : 2),
    });
    const id = await producer.send({ data: bytes('x'), partitionKey: '1' });
    expect(String(id).split(',')[2]).toBe('2');
    await expect(producer.send({ data: bytes('x'), partitionKey: '9' })).rejects.toThrow(
      'Failed to send message: UnknownError',
    );
  });

  test('UseSinglePartition keeps messages without a key together', async () => {
    const topic = await use().partitionedTopic(3);
    const options = { topic, batchingEnabled: false, messageRoutingMode: 'UseSinglePartition' } as const;
    const producer = await clients.client().createProducer(options);
    const ids = await Promise.all(numbers(10).map((value) => producer.send({ data: bytes(value) })));
    expect(new Set(ids.map((id) => String(id).split(',')[2])).size).toBe(1);
  });

  test('queues across partitions are divided among them', async () => {
    const topic = await use().partitionedTopic(2);
    const proxy = await clients.proxy();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    await client.subscribe({ topic, ...earliest, receiverQueueSizeAcrossPartitions: 10 });
    const flows = () =>
      proxy.seen.flatMap(({ command }) => (command.type === 'FLOW' ? [command.fields.messagePermits] : []));
    await until(() => flows().length === 2);
    expect(flows()).toEqual([5, 5]);
    const producer = await client.createProducer({
      topic,
      batchingEnabled: false,
      maxPendingMessagesAcrossPartitions: 2,
    });
    const sends = [1, 2].map(() => producer.send({ data: bytes('x'), partitionKey: 'same' }));
    const outcomes = await Promise.allSettled(sends);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(sends[1]).rejects.toThrow('Failed to send message: ProducerQueueIsFull');
  });

  test('consumers of a lower priority level are served first', async () => {
    const topic = use().topic();
    const client = clients.client();
    const second = await client.subscribe({ topic, ...shared, priorityLevel: 1 });
    const first = await client.subscribe({ topic, ...shared, priorityLevel: 0 });
    const producer = await client.createProducer({ topic, batchingEnabled: false });
    await Promise.all(numbers(10).map((value) => producer.send({ data: bytes(value) })));
    expect((await receiveValues(first, 10)).sort()).toEqual(numbers(10));
    await expect(second.receive(200)).rejects.toThrow('TimeOut');
  });

  test('names and properties of producers and consumers are in the stats of the topic', async () => {
    const topic = use().topic();
    const client = clients.client();
    await client.subscribe({ topic, ...earliest, consumerName: 'me', properties: { a: '1' } });
    await client.createProducer({ topic, producerName: 'it', properties: { b: '2' } });
    const path = topic.replace('://', '/');
    const stats = await (await fetch(`${use().adminUrl}/admin/v2/${path}/stats`)).json();
    expect(stats).toMatchObject({
      publishers: [{ producerName: 'it', metadata: { b: '2' } }],
      subscriptions: { s: { consumers: [{ consumerName: 'me', metadata: { a: '1' } }] } },
    });
  });

  test('readCompacted is for Exclusive and Failover', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, ...earliest, readCompacted: true });
    const producer = await client.createProducer({ topic });
    await producer.send({ data: bytes('x'), partitionKey: 'k' });
    expect(await receiveValues(consumer, 1)).toEqual(['x']);
    await expect(client.subscribe({ topic, ...shared, subscription: 'other', readCompacted: true })).rejects.toThrow(
      'Failed to create consumer: ResultNotAllowedError',
    );
  });
}
