import { expect, test } from '@jest/globals';
import { type Message, MessageId } from '../../src/pulsar/index.ts';
import { bytes, expectNothingMore, numbers, type UseBroker, until, usePulsarClients } from './pulsar-client-kit.ts';

/** Readers, seeking, last message id. */
export function readerCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  /** Ten single messages 0…9, then a batch 10…19; gives their ids. */
  async function filledTopic(): Promise<{ topic: string; ids: MessageId[] }> {
    const topic = use().topic();
    const client = clients.client();
    const single = await client.createProducer({ topic, batchingEnabled: false });
    const ids = await Promise.all(numbers(10).map((value) => single.send({ data: bytes(value) })));
    const batched = await client.createProducer({ topic, batchingMaxPublishDelayMs: 50 });
    ids.push(...(await Promise.all(numbers(10, 10).map((value) => batched.send({ data: bytes(value) })))));
    return { topic, ids };
  }

  async function readAll(
    topic: string,
    startMessageId: MessageId,
    startMessageIdInclusive = false,
  ): Promise<{ values: string[]; last: Message | undefined }> {
    const reader = await clients.client().createReader({ topic, startMessageId, startMessageIdInclusive });
    const values: string[] = [];
    let last: Message | undefined;
    while (reader.hasNext()) {
      last = await reader.readNext(10_000);
      values.push(last.getData().toString());
    }
    expect(await reader.hasMessageAvailable()).toBe(false);
    await reader.close();
    return { values, last };
  }

  test('reads from the earliest message to the last, and nothing from the latest', async () => {
    const { topic } = await filledTopic();
    expect((await readAll(topic, MessageId.earliest())).values).toEqual(numbers(20));
    expect((await readAll(topic, MessageId.latest())).values).toEqual([]);
  });

  test('reads after a message, or with it, also within a batch', async () => {
    const { topic, ids } = await filledTopic();
    for (const at of [3, 9, 10, 14, 19]) {
      const id = MessageId.deserialize((ids[at] as MessageId).serialize());
      expect((await readAll(topic, id)).values).toEqual(numbers(19 - at, at + 1));
      expect((await readAll(topic, id, true)).values).toEqual(numbers(20 - at, at));
    }
  });

  test('gives the same ids that the producer was given', async () => {
    const { topic, ids } = await filledTopic();
    const { last } = await readAll(topic, MessageId.earliest());
    expect(last?.getMessageId().toString()).toBe(ids[19]?.toString());
  });

  test('hasNext hears of what was published since, and of what a listener has read', async () => {
    const topic = use().topic();
    const client = clients.client();
    const producer = await client.createProducer({ topic, batchingEnabled: false });
    const options = { topic, startMessageId: MessageId.earliest() };
    const reader = await client.createReader({ ...options, receiverQueueSize: 0 });
    expect(reader.hasNext()).toBe(false);
    await producer.send({ data: bytes('a') });
    await until(() => reader.hasNext());
    expect((await reader.readNext(10_000)).getData().toString()).toBe('a');
    expect(reader.hasNext()).toBe(false);
    const heard: string[] = [];
    const listening = await client.createReader({
      ...options,
      listener: (message) => heard.push(message.getData().toString()),
    });
    await until(() => heard.length === 1);
    expect(listening.hasNext()).toBe(false);
    await expect(listening.readNext(10)).rejects.toThrow('Failed to receive message: InvalidConfiguration');
  });

  test('reads all partitions', async () => {
    const topic = await use().partitionedTopic(3);
    const producer = await clients.client().createProducer({ topic, batchingEnabled: false });
    await Promise.all(numbers(12).map((value) => producer.send({ data: bytes(value) })));
    expect((await readAll(topic, MessageId.earliest())).values.sort()).toEqual(numbers(12).sort());
  });

  test('a reader seeks by id and by time', async () => {
    const { topic, ids } = await filledTopic();
    const reader = await clients.client().createReader({ topic, startMessageId: MessageId.latest() });
    expect(reader.hasNext()).toBe(false);
    await reader.seek(ids[5] as MessageId);
    expect(reader.hasNext()).toBe(true);
    const message = await reader.readNext(10_000);
    expect(message.getData().toString()).toBe('6');
    await reader.seek(MessageId.earliest());
    expect((await reader.readNext(10_000)).getData().toString()).toBe('0');
    await reader.seekTimestamp(message.getPublishTimestamp() + 3_600_000);
    expect(await reader.hasMessageAvailable()).toBe(false);
    await reader.seekTimestamp(message.getPublishTimestamp() - 3_600_000);
    expect((await reader.readNext(10_000)).getData().toString()).toBe('0');
  });

  test('a consumer goes on after the message it was moved to, also within a batch', async () => {
    const { topic, ids } = await filledTopic();
    const consumer = await clients
      .client()
      .subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    for (const at of [19, 14, 5]) {
      await consumer.seek(ids[at] as MessageId);
      for (const value of numbers(19 - at, at + 1)) {
        const message = await consumer.receive(10_000);
        expect(message.getData().toString()).toBe(value);
        await consumer.acknowledge(message);
      }
    }
    await expectNothingMore(consumer);
    await consumer.seek(MessageId.earliest());
    expect((await consumer.receive(10_000)).getData().toString()).toBe('0');
    await consumer.seek(MessageId.latest());
    await expectNothingMore(consumer);
  });

  test('a consumer with an inclusive start gets the message it was moved to', async () => {
    const { topic, ids } = await filledTopic();
    const consumer = await clients.client().subscribe({ topic, subscription: 's', startMessageIdInclusive: true });
    await consumer.seek(ids[12] as MessageId);
    expect((await consumer.receive(10_000)).getData().toString()).toBe('12');
  });

  test('after a seek and acknowledging everything the subscription is at the end', async () => {
    const { topic, ids } = await filledTopic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, subscription: 's', ackReceipt: true });
    await consumer.seek(ids[12] as MessageId);
    for (let i = 13; i < 20; i++) await consumer.acknowledge(await consumer.receive(10_000));
    await consumer.close();
    const next = await client.subscribe({ topic, subscription: 's' });
    await expectNothingMore(next);
    expect(await next.hasMessageAvailable()).toBe(false);
  });

  test('tells the last message of a topic and how far the subscription is', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, subscription: 's', ackReceipt: true });
    expect((await consumer.getLastMessageId()).lastMessageId).toMatchObject({ ledgerId: -1, entryId: -1 });
    expect(await consumer.hasMessageAvailable()).toBe(false);
    const producer = await client.createProducer({ topic, batchingMaxPublishDelayMs: 50 });
    const [first, second] = await Promise.all([
      producer.send({ data: bytes('a') }),
      producer.send({ data: bytes('b') }),
    ]);
    expect((await consumer.getLastMessageId()).lastMessageId).toMatchObject({
      ledgerId: second.parts.ledgerId,
      entryId: second.parts.entryId,
      batchIndex: 1,
    });
    expect(await consumer.hasMessageAvailable()).toBe(true);
    await consumer.receive(10_000);
    await consumer.acknowledgeCumulative(await consumer.receive(10_000));
    expect((await consumer.getLastMessageId()).markDelete).toMatchObject({
      ledgerId: first.parts.ledgerId,
      entryId: first.parts.entryId,
    });
  });
}
