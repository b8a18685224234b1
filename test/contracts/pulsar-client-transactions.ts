import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { Client, Consumer, Message } from '../../src/pulsar/index.ts';
import {
  backlog,
  bytes,
  expectNothingMore,
  numbers,
  receiveValues,
  type UseBroker,
  unload,
  until,
  usePulsarClients,
} from './pulsar-client-kit.ts';

const SHARED = { subscription: 's', subscriptionType: 'Shared', subscriptionInitialPosition: 'Earliest' } as const;
const EXCLUSIVE = { subscription: 's', subscriptionInitialPosition: 'Earliest' } as const;

async function fill(client: Client, topic: string, count: number, batchingEnabled = false): Promise<void> {
  const producer = await client.createProducer({ topic, batchingEnabled, batchingMaxPublishDelayMs: 50 });
  await Promise.all(numbers(count).map((value) => producer.send({ data: bytes(value) })));
  await producer.close();
}

async function receive(consumer: Consumer, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count) messages.push(await consumer.receive(10_000));
  return messages;
}

/**
 * Transactions: what is published and acknowledged in one takes effect together, or not at all. Each subscribes before it publishes: Pulsar
 * 4.0.7 leaves a subscription asleep that is made while the buffer of a topic's transactions is still being recovered.
 */
export function transactionCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  test('messages of a transaction are seen when it is committed, on all of its topics', async () => {
    const client = clients.client();
    const topics = [use().topic(), use().topic()];
    const consumers = await Promise.all(topics.map((topic) => client.subscribe({ topic, ...EXCLUSIVE })));
    const producers = await Promise.all(topics.map((topic) => client.createProducer({ topic })));
    const transaction = await client.newTransaction();
    for (const producer of producers) {
      await Promise.all(numbers(5).map((value) => producer.send({ data: bytes(value) }, { transaction })));
    }
    for (const consumer of consumers) await expectNothingMore(consumer);
    await transaction.commit();
    expect(transaction.state).toBe('committed');
    for (const consumer of consumers) expect(await receiveValues(consumer, 5)).toEqual(numbers(5));
  });

  test('messages of an aborted transaction are never seen, what comes after them is', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...EXCLUSIVE });
    const producer = await client.createProducer({ topic });
    const transaction = await client.newTransaction();
    await producer.send({ data: bytes('undone') }, { transaction });
    await producer.send({ data: bytes('kept') });
    await expectNothingMore(consumer);
    await transaction.abort();
    expect(transaction.state).toBe('aborted');
    expect(await receiveValues(consumer, 1)).toEqual(['kept']);
    await expectNothingMore(consumer);
  });

  test('a chunked message is acknowledged with all its chunks, or with none', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...SHARED });
    const producer = await client.createProducer({ topic, batchingEnabled: false, chunkingEnabled: true });
    const data = randomBytes(6 * 1024 * 1024);
    await producer.send({ data });
    const [message] = (await receive(consumer, 1)) as [Message];
    const aborted = await client.newTransaction();
    await consumer.acknowledge(message, { transaction: aborted });
    await aborted.abort();
    await receive(consumer, 1); // closed in the middle of it, Pulsar may bring the chunks in the wrong order
    await consumer.close();
    const again = await client.subscribe({ topic, ...SHARED });
    const [whole] = (await receive(again, 1)) as [Message];
    expect(whole.getData().equals(data)).toBe(true);
    const transaction = await client.newTransaction();
    await again.acknowledge(whole, { transaction });
    await transaction.commit();
    await until(async () => (await backlog(use(), topic, 's')) === 0);
  });

  test('messages of several transactions and of none never share an entry', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...EXCLUSIVE });
    const producer = await client.createProducer({ topic, batchingMaxPublishDelayMs: 100 });
    const [first, second] = [await client.newTransaction(), await client.newTransaction()];
    const sends = [first, second, undefined, first].flatMap((transaction, group) =>
      ['a', 'b'].map((value) => producer.send({ data: bytes(`${group}${value}`) }, { transaction })),
    );
    await Promise.all(sends);
    await first.abort();
    await second.commit();
    expect((await receiveValues(consumer, 4)).sort()).toEqual(['1a', '1b', '2a', '2b']);
    await expectNothingMore(consumer);
  });

  test('acknowledgements of a committed transaction stay, those of an aborted one are void', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...SHARED });
    await fill(client, topic, 4);
    const messages = await receive(consumer, 4);
    const [kept, undone] = [await client.newTransaction(), await client.newTransaction()];
    await consumer.acknowledge(messages[0] as Message, { transaction: kept });
    await consumer.acknowledgeId((messages[1] as Message).getMessageId(), { transaction: kept });
    await consumer.acknowledge(messages[2] as Message, { transaction: undone });
    await consumer.acknowledge(messages[3] as Message, { transaction: undone });
    await undone.abort();
    expect((await receiveValues(consumer, 2)).sort()).toEqual(['2', '3']);
    await kept.commit();
    await consumer.close();
    const again = await client.subscribe({ topic, ...SHARED });
    expect((await receiveValues(again, 2)).sort()).toEqual(['2', '3']);
    await expectNothingMore(again);
  });

  test('a cumulative acknowledgement takes effect at the commit, and not after an abort', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...EXCLUSIVE });
    await fill(client, topic, 5);
    const messages = await receive(consumer, 5);
    const undone = await client.newTransaction();
    await consumer.acknowledgeCumulative(messages[4] as Message, { transaction: undone });
    await undone.abort();
    const kept = await client.newTransaction();
    await consumer.acknowledgeCumulativeId((messages[2] as Message).getMessageId(), { transaction: kept });
    await kept.commit();
    await consumer.close();
    const again = await client.subscribe({ topic, ...EXCLUSIVE });
    expect(await receiveValues(again, 2)).toEqual(['3', '4']);
    await expectNothingMore(again);
  });

  test('a cumulative acknowledgement within a batch covers its messages up to there', async () => {
    const client = clients.client();
    const topic = use().topic();
    const options = { topic, ...EXCLUSIVE, batchIndexAckEnabled: true };
    const consumer = await client.subscribe(options);
    await fill(client, topic, 6, true);
    const messages = await receive(consumer, 6);
    const transaction = await client.newTransaction();
    await consumer.acknowledgeCumulative(messages[3] as Message, { transaction });
    await transaction.commit();
    await consumer.close();
    const again = await client.subscribe(options);
    expect(await receiveValues(again, 2)).toEqual(['4', '5']);
    await expectNothingMore(again);
  });

  test('all messages of a batch acknowledged in one transaction settle the batch', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...SHARED });
    await fill(client, topic, 70, true);
    const messages = await receive(consumer, 70);
    expect(messages[0]?.getMessageId().parts.batchSize).toBe(70);
    const transaction = await client.newTransaction();
    await Promise.all(messages.map((message) => consumer.acknowledge(message, { transaction })));
    await transaction.commit();
    await consumer.close();
    await expectNothingMore(await client.subscribe({ topic, ...SHARED }));
  });

  test('one message cannot be acknowledged by two transactions', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...SHARED });
    await fill(client, topic, 1);
    const message = await consumer.receive(10_000);
    const [first, second] = [await client.newTransaction(), await client.newTransaction()];
    await consumer.acknowledge(message, { transaction: first });
    await expect(consumer.acknowledge(message, { transaction: second })).rejects.toMatchObject({
      code: 'TransactionConflict',
      message: 'Failed to acknowledge: ResultTransactionConflict',
    });
    await expect(second.commit()).rejects.toMatchObject({ code: 'TransactionConflict' });
    expect(second.state).toBe('aborted');
    await first.commit();
  });

  test('takes from one topic and gives to another exactly once', async () => {
    const client = clients.client();
    const [from, to] = [use().topic(), use().topic()];
    const source = await client.subscribe({ topic: from, ...EXCLUSIVE });
    await fill(client, from, 3);
    const target = await client.subscribe({ topic: to, ...EXCLUSIVE });
    const producer = await client.createProducer({ topic: to });
    for (const isKept of [false, true]) {
      const transaction = await client.newTransaction();
      for (const message of await receive(source, 3)) {
        await producer.send({ data: Buffer.from(`${message.getData()}!`) }, { transaction });
        await source.acknowledge(message, { transaction });
      }
      if (isKept) await transaction.commit();
      else await transaction.abort();
    }
    expect(await receiveValues(target, 3)).toEqual(['0!', '1!', '2!']);
    await expectNothingMore(target);
    await expectNothingMore(source);
  });

  test('survives that its topic is unloaded in the middle', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...EXCLUSIVE });
    const producer = await client.createProducer({ topic });
    const [kept, undone] = [await client.newTransaction(), await client.newTransaction()];
    await producer.send({ data: bytes('a') }, { transaction: kept });
    await producer.send({ data: bytes('x') }, { transaction: undone });
    await unload(use(), topic);
    await producer.send({ data: bytes('b') }, { transaction: kept });
    await undone.abort();
    await expectNothingMore(consumer);
    await kept.commit();
    expect(await receiveValues(consumer, 2)).toEqual(['a', 'b']);
    await expectNothingMore(consumer);
  });

  test('a commit waits for what is under way', async () => {
    const client = clients.client();
    const [from, to] = [use().topic(), use().topic()];
    const [source, sink] = await Promise.all([from, to].map((topic) => client.subscribe({ topic, ...EXCLUSIVE })));
    const [filler, producer] = await Promise.all([from, to].map((topic) => client.createProducer({ topic })));
    await filler?.send({ data: bytes('in') });
    const taken = (await source?.receive(10_000)) as Message;
    const transaction = await client.newTransaction();
    const sends = numbers(20).map((value) => producer?.send({ data: bytes(value) }, { transaction }));
    const acknowledged = source?.acknowledge(taken, { transaction });
    await transaction.commit();
    await Promise.all([...sends, acknowledged]);
    expect(await receiveValues(sink as Consumer, 20)).toEqual(numbers(20));
    await until(async () => (await backlog(use(), from, EXCLUSIVE.subscription)) === 0);
  });

  test('the coordinator aborts what is not ended in time, and says so afterwards', async () => {
    const client = clients.client();
    const topic = use().topic();
    const consumer = await client.subscribe({ topic, ...EXCLUSIVE });
    const producer = await client.createProducer({ topic });
    const transaction = await client.newTransaction({ timeoutMs: 4_000 });
    await producer.send({ data: bytes('undone') }, { transaction });
    await producer.send({ data: bytes('kept') });
    expect(await receiveValues(consumer, 1)).toEqual(['kept']);
    const late = transaction.commit();
    await expect(late).rejects.toThrow(
      /Failed to commit transaction: Result(TransactionNotFound|InvalidTxnStatusError)/,
    );
    await expect(late).rejects.toHaveProperty('cause.message', expect.stringContaining('within its 4000 ms'));
    expect(transaction.state).toBe('aborted');
  });

  test('is ended once, and disposing of an open one aborts it', async () => {
    const client = clients.client();
    const topic = use().topic();
    const producer = await client.createProducer({ topic });
    const transaction = await client.newTransaction();
    await transaction.commit();
    await expect(transaction.abort()).rejects.toMatchObject({ code: 'InvalidTxnStatus' });
    await expect(producer.send({ data: bytes('late') }, { transaction })).rejects.toMatchObject({
      code: 'InvalidTxnStatus',
    });
    const left = await client.newTransaction();
    await left[Symbol.asyncDispose]();
    expect(left.state).toBe('aborted');
    await expect(client.newTransaction({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'InvalidConfiguration' });
    await expect(client.newTransaction({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Aborted' });
  });
}
