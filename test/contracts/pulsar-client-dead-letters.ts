import { expect, test } from '@jest/globals';
import { type ConsumerConfig, keyValueSchema } from '../../src/pulsar/index.ts';
import {
  backlog,
  bytes,
  expectNothingMore,
  numbers,
  type UseBroker,
  until,
  usePulsarClients,
} from './pulsar-client-kit.ts';

const shared = { subscription: 's', subscriptionType: 'Shared', subscriptionInitialPosition: 'Earliest' } as const;

/** Messages that were delivered too often. */
export function deadLetterCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  async function deliverUntilDead(
    options: Pick<ConsumerConfig, 'deadLetterPolicy'>,
    isBatched: boolean,
    values: string[],
  ) {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({
      topic,
      ...shared,
      nAckRedeliverTimeoutMs: 100,
      ...options,
      ackReceipt: true,
    });
    const producer = await client.createProducer({ topic, batchingEnabled: isBatched, batchingMaxPublishDelayMs: 50 });
    await Promise.all(
      values.map((value) =>
        producer.send({ data: bytes(value), properties: { own: value }, partitionKey: `k${value}`, orderingKey: 'o' }),
      ),
    );
    const counts: number[] = [];
    for (let i = 0; i < 3 * values.length; i++) {
      const message = await consumer.receive(10_000);
      counts.push(message.getRedeliveryCount());
      consumer.negativeAcknowledge(message);
    }
    return { topic, client, consumer, counts };
  }

  test('after the last redelivery a message goes to the dead-letter topic, as it was, and is acknowledged', async () => {
    const policy = { maxRedeliverCount: 2, deadLetterTopic: use().topic(), initialSubscriptionName: 'dead' };
    const { topic, client, consumer, counts } = await deliverUntilDead({ deadLetterPolicy: policy }, false, ['7']);
    expect(counts).toEqual([0, 1, 2]);
    const dead = await client.subscribe({ topic: policy.deadLetterTopic, ...shared, subscription: 'dead' });
    const letter = await dead.receive(10_000);
    expect([letter.getData().toString(), letter.getPartitionKey(), letter.getOrderingKey()]).toEqual(['7', 'k7', 'o']);
    expect(letter.getProperties()).toEqual({
      own: '7',
      REAL_TOPIC: topic,
      ORIGIN_MESSAGE_ID: expect.stringMatching(/^\(\d+,\d+,-1,-1\)$/),
    });
    await expectNothingMore(consumer);
    await until(async () => (await backlog(use(), topic, 's')) === 0);
    await consumer.close();
    await expectNothingMore(await client.subscribe({ topic, ...shared }));
  });

  test('a separated pair is a pair in the dead-letter topic, too, and its key is still bytes', async () => {
    const topic = use().topic();
    const deadLetterTopic = use().topic();
    const schema = keyValueSchema({
      key: { schemaType: 'Int32' },
      value: { schemaType: 'String' },
      encoding: 'SEPARATED',
    });
    const client = clients.client();
    const deadLetterPolicy = { maxRedeliverCount: 1, deadLetterTopic, initialSubscriptionName: 'dead' };
    const options = { topic, ...shared, schema, nAckRedeliverTimeoutMs: 100, deadLetterPolicy };
    const consumer = await client.subscribe(options);
    const producer = await client.createProducer({ topic, schema });
    await producer.send({ value: { key: 7, value: 'seven' } });
    for (let i = 0; i < 2; i++) consumer.negativeAcknowledge(await consumer.receive(10_000));
    const dead = await client.subscribe({ topic: deadLetterTopic, ...shared, subscription: 'dead', schema });
    const letter = await dead.receive(10_000);
    expect(await letter.getValue()).toEqual({ key: 7, value: 'seven' });
    expect(letter.getPartitionKey()).toBe(Buffer.from([0, 0, 0, 7]).toString('base64'));
  });

  test('a batch goes message by message, to the topic named after topic and subscription', async () => {
    const options = { deadLetterPolicy: { maxRedeliverCount: 2 } };
    const { topic, client } = await deliverUntilDead(options, true, numbers(3));
    const dead = await client.subscribe({ topic: `${topic}-s-DLQ`, ...shared });
    const letters = [];
    for (let i = 0; i < 3; i++) letters.push((await dead.receive(10_000)).getData().toString());
    expect(letters.sort()).toEqual(numbers(3));
  });

  test('what is acknowledged in the end is no dead letter', async () => {
    const deadLetterTopic = use().topic();
    const policy = { maxRedeliverCount: 1, deadLetterTopic, initialSubscriptionName: 'dead' };
    const topic = use().topic();
    const client = clients.client();
    const options = { topic, ...shared, nAckRedeliverTimeoutMs: 100, deadLetterPolicy: policy, ackReceipt: true };
    const consumer = await client.subscribe(options);
    const producer = await client.createProducer({ topic, batchingEnabled: false });
    await Promise.all(numbers(2).map((value) => producer.send({ data: bytes(value) })));
    for (let i = 0; i < 4; i++) {
      const message = await consumer.receive(10_000);
      const isLast = message.getData().toString() === '0' && message.getRedeliveryCount() === 1;
      if (isLast) await consumer.acknowledge(message);
      else consumer.negativeAcknowledge(message);
    }
    const dead = await client.subscribe({ topic: deadLetterTopic, ...shared, subscription: 'dead' });
    expect((await dead.receive(10_000)).getData().toString()).toBe('1');
    await expectNothingMore(dead);
  });
}
