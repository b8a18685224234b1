import { expect, test } from '@jest/globals';
import type { Consumer } from '../../src/pulsar/index.ts';
import { bytes, numbers, receiveValues, type UseBroker, until, usePulsarClients } from './pulsar-client-kit.ts';

const earliest = { subscription: 's', subscriptionInitialPosition: 'Earliest' } as const;
const soon = { patternAutoDiscoveryPeriod: 0.1 };

/** Topics that are found, and topics that grow. */
export function topicCases(use: UseBroker): void {
  const clients = usePulsarClients(use);
  const publish = async (topic: string, values: readonly string[]) => {
    const producer = await clients.client().createProducer({ topic, messageRoutingMode: 'RoundRobinDistribution' });
    await Promise.all(values.map((value) => producer.send({ data: bytes(value) })));
    await producer.close();
  };
  const receiveSorted = async (consumer: Consumer, count: number) => (await receiveValues(consumer, count)).sort();

  const lookups = ['serviceUrl', 'adminUrl'] as const;
  test.each(lookups)(
    'at the %s a pattern finds topics, partitioned ones too, and later ones; others it leaves alone',
    async (url) => {
      const client = clients.client({ serviceUrl: use()[url] as string });
      const base = `${use().topic()}-pattern`;
      const partitioned = await use().partitionedTopic(2, `${base}-parts`);
      await publish(`${base}-a`, ['a']);
      await publish(`${base.replace('-pattern', '-other')}`, ['other']);
      await publish(partitioned, ['p0', 'p1']);
      const consumer = await client.subscribe({ topicsPattern: `${base}-.*`, ...earliest, ...soon });
      expect(await receiveSorted(consumer, 3)).toEqual(['a', 'p0', 'p1']);
      await publish(`${base}-b`, ['b']);
      const message = await consumer.receive(10_000);
      expect([message.getData().toString(), message.getTopicName()]).toEqual(['b', `${base}-b`]);
      await consumer.acknowledge(message);
    },
  );

  test('a pattern that nothing matches yet waits for topics', async () => {
    const base = `${use().topic()}-later`;
    const consumer = await clients.client().subscribe({ topicsPattern: `${base}-\\d`, ...earliest, ...soon });
    const received = consumer.receive(10_000);
    await publish(`${base}-1`, ['1']);
    expect((await received).getData().toString()).toBe('1');
  });

  test('a list of topics is consumed as one', async () => {
    const topics = [use().topic(), await use().partitionedTopic(2), use().topic()];
    const consumer = await clients.client().subscribe({ topics, ...earliest });
    for (const [index, topic] of topics.entries()) await publish(topic, [`${index}-0`, `${index}-1`]);
    expect(await receiveSorted(consumer, 6)).toEqual(['0-0', '0-1', '1-0', '1-1', '2-0', '2-1']);
  });

  test('partitions that a topic gets later are produced to and consumed from their beginning', async () => {
    const topic = await use().partitionedTopic(1);
    const client = clients.client({ partitionsUpdateIntervalSeconds: 0.1 });
    const consumer = await client.subscribe({ topic, subscription: 's' });
    const options = { batchingEnabled: false, messageRoutingMode: 'RoundRobinDistribution' } as const;
    const producer = await client.createProducer({ topic, ...options });
    await producer.send({ data: bytes('first') });
    await use().growPartitions(topic, 3);
    const partitions = new Set<string>();
    await until(async () => {
      partitions.add((await producer.send({ data: bytes('x') })).toString().split(',')[2] as string);
      return partitions.size === 3;
    });
    const received = new Set<string>();
    while (received.size < 3) received.add((await consumer.receive(10_000)).getTopicName());
    expect([...received].sort()).toEqual(numbers(3).map((index) => `${topic}-partition-${index}`));
  });

  test('a pattern that is none is refused', async () => {
    const subscribe = (topicsPattern: string) => clients.client().subscribe({ topicsPattern, subscription: 's' });
    await expect(subscribe('persistent://public/default/(')).rejects.toThrow(
      'Failed to create consumer: InvalidTopicName',
    );
    await expect(subscribe('just-a-name')).rejects.toThrow('Failed to create consumer: InvalidTopicName');
  });
}
