import { expect, test } from '@jest/globals';
import type { IncomingMessage, SessionConsumer, SessionConsumerOptions } from '../../src/pulsar/session.ts';
import { bytes, numbers, type UseBroker, unload, until, usePulsarClients } from './pulsar-client-kit.ts';

const subscription = {
  subscription: 's',
  subscriptionType: 'Exclusive',
  initialPosition: 'Earliest',
  receiverQueueSize: 100,
} as const satisfies Omit<SessionConsumerOptions, 'topic'>;
const soon = { maxMessages: 1000, lingerMs: 0, waitMs: 10_000 } as const;

const outgoing = (values: readonly string[]) =>
  values.map((value) => ({ value: bytes(value), sequenceId: Number(value) }));
const text = (messages: readonly IncomingMessage[]) => messages.map(({ value }) => value?.toString());

async function receive(consumer: SessionConsumer, count: number): Promise<IncomingMessage[]> {
  const messages: IncomingMessage[] = [];
  while (messages.length < count) {
    const batch = await consumer.receiveBatch({ ...soon, maxMessages: count - messages.length });
    if (batch.length === 0) throw new Error(`only ${messages.length} of ${count} messages came`);
    messages.push(...batch);
  }
  return messages;
}

/** Sessions: nothing reconnects, nothing is sent again, everything surfaces. */
export function sessionCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  test('sends entries with their highest sequence id, and receives their messages (rule 2)', async () => {
    const session = await clients.session();
    const topic = use().topic();
    expect(await session.partitions(topic)).toBe(0);
    const consumer = await session.consumer({ topic, ...subscription });
    const producer = await session.producer({ topic, producerName: 'mine', compression: 'ZSTD' });
    expect([producer.name, producer.lastSequenceId]).toEqual(['mine', -1]);
    const single = {
      value: bytes('0'),
      key: 'k',
      orderingKey: bytes('o'),
      properties: { a: 'b' },
      eventTimeMs: 5,
      sequenceId: 0,
    };
    const [one, many] = await Promise.all([producer.sendEntry([single]), producer.sendEntry(outgoing(numbers(4, 10)))]);
    expect(one).toMatchObject({ lowestSequenceId: 0, highestSequenceId: 0, messageId: { batchIndex: -1 } });
    expect(many).toMatchObject({ lowestSequenceId: 10, highestSequenceId: 13 });
    const messages = await receive(consumer, 5);
    expect(messages[0]).toMatchObject({
      key: 'k',
      properties: { a: 'b' },
      eventTimeMs: 5,
      producerName: 'mine',
      sequenceId: 0,
      redeliveryCount: 0,
      entryHighestSequenceId: 0,
      topic,
    });
    expect(messages.map(({ sequenceId }) => sequenceId)).toEqual([0, 10, 11, 12, 13]);
    expect(messages[4]?.messageId).toMatchObject({
      ...many.messageId,
      batchIndex: 3,
      batchSize: 4,
      partition: expect.any(Number),
    });
    expect(messages[4]?.entryHighestSequenceId).toBe(13);
    expect(await consumer.lastMessageId()).toMatchObject({ last: { ...many.messageId, batchIndex: 3 } });
  });

  test('duplicates give a receipt without a place (rule 1)', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const producer = await session.producer({ topic, producerName: 'mine' });
    await producer.sendEntry(outgoing(numbers(5)));
    expect((await producer.sendEntry(outgoing(['4']))).messageId).toBeNull();
    expect((await producer.sendEntry(outgoing(numbers(5, 3)))).messageId).toBeNull();
    expect((await producer.sendEntry(outgoing(['5']))).messageId).not.toBeNull();
    await producer.close();
    const next = await session.producer({ topic, producerName: 'mine' });
    expect(next.lastSequenceId).toBe(5);
  });

  test('a taken name and a taken subscription have their codes, and the session goes on', async () => {
    const topic = use().topic();
    const [holder, other] = [await clients.session(), await clients.session()];
    await holder.producer({ topic, producerName: 'mine' });
    await holder.consumer({ topic, ...subscription });
    await expect(other.producer({ topic, producerName: 'mine' })).rejects.toMatchObject({ code: 'ProducerBusy' });
    await expect(other.consumer({ topic, ...subscription })).rejects.toMatchObject({ code: 'ConsumerBusy' });
    await (await other.producer({ topic })).sendEntry(outgoing(['0']));
  });

  test('a disconnect surfaces everywhere, and nothing is sent again (rule 4)', async () => {
    const proxy = await clients.proxy();
    const session = await clients.session({ serviceUrl: proxy.serviceUrl });
    const topic = use().topic();
    const producer = await session.producer({ topic, producerName: 'mine' });
    const consumer = await session.consumer({ topic, ...subscription });
    proxy.decide = (_side, { type }) => (type === 'SEND_RECEIPT' ? 'drop' : 'pass');
    const sends = [producer.sendEntry(outgoing(['0'])), producer.sendEntry(outgoing(['1']))];
    const results = Promise.allSettled(sends);
    const receiving = expect(receive(consumer, 2).then(() => consumer.receiveBatch(soon))).rejects.toMatchObject({
      code: 'Disconnected',
    });
    const isSend = ({ side, command }: (typeof proxy.seen)[number]) => side === 'client' && command.type === 'SEND';
    await until(() => proxy.seen.filter(({ command }) => command.type === 'SEND_RECEIPT').length === 2);
    const before = proxy.seen.length;
    proxy.kill();
    for (const result of await results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'Disconnected' } });
    await receiving;
    expect(await session.closed).toMatchObject({ code: 'Disconnected' });
    await expect(producer.sendEntry(outgoing(['2']))).rejects.toMatchObject({ code: 'Disconnected' });
    await expect(session.producer({ topic })).rejects.toMatchObject({ code: 'Disconnected' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(proxy.seen.slice(before)).toEqual([]);
    expect(proxy.seen.filter(isSend)).toHaveLength(2);

    const next = await (await clients.session()).producer({ topic, producerName: 'mine' });
    expect(next.lastSequenceId).toBe(1);
  });

  test('destroy rejects all waits and is no error of the session', async () => {
    const proxy = await clients.proxy();
    const session = await clients.session({ serviceUrl: proxy.serviceUrl });
    const topic = use().topic();
    const producer = await session.producer({ topic });
    const consumer = await session.consumer({ topic, ...subscription });
    proxy.decide = (side) => (side === 'broker' ? 'drop' : 'pass');
    const waits = [producer.sendEntry(outgoing(['0'])), consumer.receiveBatch(soon), consumer.lastMessageId()];
    const settled = Promise.allSettled(waits);
    session.destroy();
    for (const result of await settled)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'AlreadyClosed' } });
    expect(await session.closed).toBeUndefined();
  });

  test('what was written in the moment of destroy is not sent (rule 12)', async () => {
    const proxy = await clients.proxy();
    const session = await clients.session({ serviceUrl: proxy.serviceUrl });
    const producer = await session.producer({ topic: use().topic() });
    const send = producer.sendEntry(outgoing(['0']));
    session.destroy();
    await expect(send).rejects.toMatchObject({ code: 'AlreadyClosed' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(proxy.seen.some(({ command }) => command.type === 'SEND')).toBe(false);
  });

  test('an abort signal destroys the session', async () => {
    const abort = new AbortController();
    const session = await clients.session({ signal: abort.signal });
    const consumer = await session.consumer({ topic: use().topic(), ...subscription });
    const receiving = expect(consumer.receiveBatch(soon)).rejects.toMatchObject({ code: 'AlreadyClosed' });
    abort.abort();
    await receiving;
    expect(await session.closed).toBeUndefined();
  });

  test('a broker that closes a producer ends the session', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const producer = await session.producer({ topic });
    await producer.sendEntry(outgoing(['0']));
    await unload(use(), topic);
    expect(await session.closed).toMatchObject({ code: 'ProducerClosed' });
    await expect(producer.sendEntry(outgoing(['1']))).rejects.toMatchObject({ code: 'ProducerClosed' });
  });

  test('a broker that closes a consumer ends the session', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const consumer = await session.consumer({ topic, ...subscription });
    const receiving = expect(consumer.receiveBatch(soon)).rejects.toMatchObject({ code: 'ConsumerClosed' });
    await unload(use(), topic);
    await receiving;
    expect(await session.closed).toMatchObject({ code: 'ConsumerClosed' });
  });

  test('refuses before sending what cannot be one entry', async () => {
    const session = await clients.session();
    const producer = await session.producer({ topic: use().topic() });
    const refusal = (code: string) => expect.objectContaining({ code });
    await expect(producer.sendEntry([])).rejects.toEqual(refusal('InvalidMessage'));
    await expect(producer.sendEntry(outgoing(['3', '2']))).rejects.toEqual(refusal('InvalidMessage'));
    const big = { value: Buffer.alloc(producer.maxMessageBytes, 'x'), sequenceId: 1 };
    await expect(producer.sendEntry([big])).rejects.toEqual(refusal('MessageTooBig'));
    expect((await producer.sendEntry(outgoing(['1']))).messageId).not.toBeNull();
    expect(producer.estimateBytes(big)).toBeGreaterThan(producer.maxMessageBytes);
  });

  test('an entry filled by the estimate fits', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const consumer = await session.consumer({ topic, ...subscription, receiverQueueSize: 10_000 });
    const producer = await session.producer({ topic });
    const messages = [];
    let bytesLeft = producer.maxMessageBytes - 1024;
    for (let sequenceId = 0; ; sequenceId++) {
      const message = { value: Buffer.alloc(1000, 'x'), key: `k${sequenceId}`, properties: { p: 'q' }, sequenceId };
      bytesLeft -= producer.estimateBytes(message);
      if (bytesLeft < 0) break;
      messages.push(message);
    }
    await producer.sendEntry(messages);
    expect(await receive(consumer, messages.length)).toHaveLength(messages.length);
  });

  test('receiveBatch waits, lingers, and loses nothing when aborted', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const consumer = await session.consumer({ topic, ...subscription });
    const producer = await session.producer({ topic });
    expect(await consumer.receiveBatch({ maxMessages: 10, lingerMs: 0, waitMs: 50 })).toEqual([]);

    const lingering = consumer.receiveBatch({ maxMessages: 3, lingerMs: 10_000, waitMs: 10_000 });
    await producer.sendEntry(outgoing(['0']));
    await producer.sendEntry(outgoing(numbers(3, 1)));
    expect(text(await lingering)).toEqual(numbers(3));
    expect(consumer.receiverQueued).toBe(1);

    const abort = new AbortController();
    const aborted = consumer.receiveBatch({ maxMessages: 5, lingerMs: 60_000, waitMs: 0, signal: abort.signal });
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'Aborted' });
    await producer.sendEntry(outgoing(['4']));
    expect(text(await receive(consumer, 2))).toEqual(['3', '4']);
  });

  test('receiveBatch gives at most maxBytes, but always one message', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const consumer = await session.consumer({ topic, ...subscription });
    const producer = await session.producer({ topic });
    await producer.sendEntry([5, 20, 5, 5].map((size, sequenceId) => ({ value: Buffer.alloc(size), sequenceId })));
    const sizes: number[] = [];
    while (sizes.reduce((sum, size) => sum + size, 0) < 4) {
      sizes.push((await consumer.receiveBatch({ ...soon, maxBytes: 10 })).length);
    }
    expect(sizes).toEqual([1, 1, 2]);
  });

  test('permits come back as messages are taken, whatever the sizes of entries', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const consumer = await session.consumer({ topic, ...subscription, receiverQueueSize: 7 });
    const producer = await session.producer({ topic });
    for (let from = 0; from < 90; from += 3) await producer.sendEntry(outgoing(numbers(3, from)));
    for (const value of numbers(10, 90)) await producer.sendEntry(outgoing([value]));
    expect(text(await receive(consumer, 100))).toEqual(numbers(100));
  });

  test('a receiver queue of 0 gets nothing', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const guard = await session.consumer({ topic, ...subscription, receiverQueueSize: 0 });
    const producer = await session.producer({ topic });
    const { messageId } = await producer.sendEntry(outgoing(['0']));
    expect(await guard.receiveBatch({ maxMessages: 1, lingerMs: 0, waitMs: 200 })).toEqual([]);
    if (messageId === null) throw new Error('not stored');
    await guard.ackCumulative(messageId, { wait: true });
    expect((await guard.lastMessageId()).markDelete).toMatchObject({
      ledgerId: messageId.ledgerId,
      entryId: messageId.entryId,
    });
  });

  test('acknowledges cumulatively, in the middle of a batch only the entries before', async () => {
    const topic = use().topic();
    const session = await clients.session();
    const producer = await session.producer({ topic });
    for (const from of [0, 3, 6]) await producer.sendEntry(outgoing(numbers(3, from)));
    const first = await session.consumer({ topic, ...subscription });
    const messages = await receive(first, 9);
    await first.ackCumulative((messages[1] as IncomingMessage).messageId, { wait: true });
    await first.close();
    const second = await session.consumer({ topic, ...subscription });
    expect(text(await receive(second, 9))[0]).toBe('0');
    await second.ackCumulative((messages[4] as IncomingMessage).messageId, { wait: true });
    await second.close();
    const third = await session.consumer({ topic, ...subscription });
    expect(text(await receive(third, 6))).toEqual(numbers(6, 3));
    await third.ackCumulative((messages[5] as IncomingMessage).messageId, { wait: true });
    await third.close();
    const fourth = await session.consumer({ topic, ...subscription });
    expect(text(await receive(fourth, 3))).toEqual(numbers(3, 6));
  });

  test('acknowledges an entry once all its messages are, and redelivers on demand', async () => {
    const topic = use().topic();
    const session = await clients.session();
    const producer = await session.producer({ topic });
    for (const from of [0, 3]) await producer.sendEntry(outgoing(numbers(3, from)));
    const options = { topic, ...subscription, subscriptionType: 'Shared' } as const;
    const consumer = await session.consumer(options);
    const ids = (await receive(consumer, 6)).map(({ messageId }) => messageId);
    await consumer.ackIndividual(
      [ids[0], ids[3], ids[4], ids[5]].filter((id) => id !== undefined),
      { wait: true },
    );
    consumer.redeliver([ids[1] as (typeof ids)[number]]);
    const again = await receive(consumer, 2);
    expect(again.map(({ sequenceId, redeliveryCount }) => [sequenceId, redeliveryCount])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    consumer.redeliverAll();
    const third = await receive(consumer, 2);
    expect(third.map(({ sequenceId }) => sequenceId)).toEqual([1, 2]);
    await consumer.ackIndividual(
      third.map(({ messageId }) => messageId),
      { wait: true },
    );
    await consumer.close();
    const next = await session.consumer(options);
    expect(await next.receiveBatch({ maxMessages: 10, lingerMs: 0, waitMs: 300 })).toEqual([]);
  });

  test('redeliverAll on an exclusive subscription brings everything unacknowledged, once and in order', async () => {
    const topic = use().topic();
    const session = await clients.session();
    const producer = await session.producer({ topic });
    await Promise.all(numbers(60).map((value) => producer.sendEntry(outgoing([value]))));
    const consumer = await session.consumer({ topic, ...subscription, receiverQueueSize: 10 });
    for (const from of [0, 5, 10, 15, 20]) {
      const taken = await receive(consumer, 12);
      expect(text(taken)).toEqual(numbers(12, from));
      await consumer.ackCumulative((taken[4] as IncomingMessage).messageId);
      consumer.redeliverAll();
    }
    expect(text(await receive(consumer, 35))).toEqual(numbers(35, 25));
    expect(await consumer.receiveBatch({ maxMessages: 1, lingerMs: 0, waitMs: 200 })).toEqual([]);
  });

  test('a consumer that is not durable starts behind, or at, a message', async () => {
    const topic = use().topic();
    const session = await clients.session();
    const producer = await session.producer({ topic });
    const { messageId } = await producer.sendEntry(outgoing(['0']));
    await producer.sendEntry(outgoing(numbers(4, 1)));
    if (messageId === null) throw new Error('not stored');
    const reader = { topic, ...subscription, durable: false, startMessageId: messageId };
    const after = await session.consumer({ ...reader, subscription: 'a' });
    const messages = await receive(after, 4);
    expect(text(messages)).toEqual(numbers(4, 1));
    const at = await session.consumer({ ...reader, subscription: 'b', startInclusive: true });
    expect(text(await receive(at, 5))).toEqual(numbers(5));
    const within = { ...reader, startMessageId: (messages[1] as IncomingMessage).messageId };
    const afterTwo = await session.consumer({ ...within, subscription: 'c' });
    expect(text(await receive(afterTwo, 2))).toEqual(['3', '4']);
  });

  test('unsubscribe deletes the subscription, close keeps it', async () => {
    const topic = use().topic();
    const session = await clients.session();
    const producer = await session.producer({ topic, initialSubscriptionName: 's' });
    await producer.sendEntry(outgoing(['0']));
    const first = await session.consumer({ topic, ...subscription, initialPosition: 'Latest' });
    const [message] = await receive(first, 1);
    await first.ackCumulative((message as IncomingMessage).messageId, { wait: true });
    await first.close();
    await expect(first.receiveBatch(soon)).rejects.toMatchObject({ code: 'AlreadyClosed' });
    const second = await session.consumer({ topic, ...subscription });
    expect(await second.receiveBatch({ maxMessages: 1, lingerMs: 0, waitMs: 200 })).toEqual([]);
    await second.unsubscribe();
    const third = await session.consumer({ topic, ...subscription });
    expect(text(await receive(third, 1))).toEqual(['0']);
  });

  test('close waits for receipts on the way and ends without an error', async () => {
    const session = await clients.session();
    const topic = use().topic();
    const producer = await session.producer({ topic, producerName: 'mine' });
    const sends = numbers(20).map((value) => producer.sendEntry(outgoing([value])));
    await session.close();
    expect((await Promise.all(sends)).every(({ messageId }) => messageId !== null)).toBe(true);
    expect(await session.closed).toBeUndefined();
    const next = await clients.session();
    expect((await next.producer({ topic, producerName: 'mine' })).lastSequenceId).toBe(19);
  });
}
