import { expect, test } from '@jest/globals';
import { AckType, InitialPosition, ServerError, SubscriptionType } from '../../../src/pulsar/protocol/index.ts';
import { TestBroker } from './test-broker.ts';
import { fieldsOf, type TestEntry, type WireClient } from './wire-client.ts';

const TOPIC = 'persistent://public/default/subscriptions';

/** A producer that has sent `count` messages m0, m1, …, all receipted. */
async function filled(
  broker: TestBroker,
  count: number,
  entry: (i: number) => Partial<TestEntry> = () => ({}),
): Promise<WireClient> {
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  client.publish(1, ...Array.from({ length: count }, (_, sequenceId) => ({ sequenceId, ...entry(sequenceId) })));
  for (let i = 0; i < count; i++) await client.next('SEND_RECEIPT');
  return client;
}

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `m${from + i}`);

test('entries are delivered byte for byte, in order, as many as permits allow', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 10);
  await client.subscribe({ topic: TOPIC }, 4);
  expect(await client.texts(4)).toEqual(numbered(0, 4));
  expect(await client.pendingMessages()).toBe(0);
  client.send('FLOW', { consumerId: 1, messagePermits: 6 });
  expect(await client.texts(6)).toEqual(numbered(4, 10));
});

test('permits count messages: a batch may overdraw them', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 3, () => ({ metadata: { numMessagesInBatch: 10 } }));
  await client.subscribe({ topic: TOPIC }, 11);
  expect(await client.texts(2)).toEqual(numbered(0, 2));
  expect(await client.pendingMessages()).toBe(0);
  client.send('FLOW', { consumerId: 1, messagePermits: 9 });
  expect(await client.pendingMessages()).toBe(0);
  client.send('FLOW', { consumerId: 1, messagePermits: 1 });
  expect(await client.texts(1)).toEqual(['m2']);
});

test('a new subscription at Latest gets only what comes after it', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 3);
  await client.subscribe({ topic: TOPIC, initialPosition: InitialPosition.Latest });
  client.publish(1, { sequenceId: 3 });
  expect(await client.texts(1)).toEqual(['m3']);
});

test('a second Exclusive consumer is refused while the first answers, and replaces a frozen one (T5)', async () => {
  await using broker = await TestBroker.start({ livenessCheckMs: 1_500 });
  const first = await filled(broker, 1);
  const second = await broker.connect();
  await first.subscribe({ topic: TOPIC });
  await expect(second.subscribe({ topic: TOPIC })).rejects.toThrow(`ERROR ${ServerError.ConsumerBusy}`);
  first.isFrozen = true;
  await second.subscribe({ topic: TOPIC });
  await first.closed;
  expect(await second.texts(1)).toEqual(['m0']);
});

test('consumers of different types do not mix', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 0);
  await client.subscribe({ topic: TOPIC, subType: SubscriptionType.Shared });
  await expect(client.subscribe({ topic: TOPIC, consumerId: 2, subType: SubscriptionType.Failover })).rejects.toThrow(
    `ERROR ${ServerError.ConsumerBusy}`,
  );
});

test('REDELIVER on Exclusive rewinds to the mark-delete position and leaves the count at 0', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 4);
  await client.subscribe({ topic: TOPIC });
  const [first, , third] = [
    await client.message(),
    await client.message(),
    await client.message(),
    await client.message(),
  ];
  client.ack(first);
  client.ack(third);
  client.send('REDELIVER_UNACKNOWLEDGED_MESSAGES', { consumerId: 1 });
  const again = [await client.message(), await client.message()];
  expect(again.map(({ text }) => text)).toEqual(['m1', 'm3']);
  expect(again.map(({ fields }) => fields.redeliveryCount ?? 0)).toEqual([0, 0]);
});

test('Shared spreads entries, counts redeliveries on REDELIVER and not when a consumer leaves', async () => {
  await using broker = await TestBroker.start();
  const producer = await filled(broker, 4);
  const [a, b] = [await broker.connect(), await broker.connect()];
  const shared = { topic: TOPIC, subType: SubscriptionType.Shared };
  await a.subscribe(shared, 2);
  const held = [await a.message(), await a.message()];
  await b.subscribe(shared, 100);
  expect((await b.texts(2)).sort()).toEqual(['m2', 'm3']);
  const { ledgerId, entryId } = (held[0] as (typeof held)[0]).fields.messageId;
  a.send('REDELIVER_UNACKNOWLEDGED_MESSAGES', { consumerId: 1, messageIds: [{ ledgerId, entryId }] });
  const nacked = await b.message();
  expect([nacked.text, nacked.fields.redeliveryCount]).toEqual(['m0', 1]);
  a.destroy();
  const left = await b.message();
  expect([left.text, left.fields.redeliveryCount ?? 0]).toEqual(['m1', 0]);
  producer.destroy();
});

test('individual acknowledgements out of order survive a restart as ranges', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 6);
  await client.subscribe({ topic: TOPIC, subType: SubscriptionType.Shared });
  for (let i = 0; i < 6; i++) {
    const message = await client.message();
    if (['m0', 'm2', 'm3', 'm5'].includes(message.text)) client.ack(message);
  }
  await client.request('GET_LAST_MESSAGE_ID', { consumerId: 1 });
  await broker.restart();
  const successor = await broker.connect();
  await successor.subscribe({ topic: TOPIC });
  expect(await successor.texts(2)).toEqual(['m1', 'm4']);
});

test('a cumulative acknowledgement beyond the end is ignored, and one on Shared too', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 3);
  await client.subscribe({ topic: TOPIC });
  const first = await client.message();
  const beyond = { ledgerId: first.fields.messageId.ledgerId, entryId: 99 };
  client.ack(first, { ackType: AckType.Cumulative, messageId: [beyond], requestId: 900 });
  await client.next('ACK_RESPONSE');
  expect(await broker.admin('GET', '/admin/v2/persistent/public/default/subscriptions/stats')).toMatchObject({
    subscriptions: { s: { msgBacklog: 3 } },
  });
  await client.request('CLOSE_CONSUMER', { consumerId: 1 });
  await client.subscribe({ topic: TOPIC, subType: SubscriptionType.Shared, consumerId: 2 });
  client.send('ACK', {
    consumerId: 2,
    ackType: AckType.Cumulative,
    messageId: [{ ...beyond, entryId: 1 }],
    requestId: 901,
  });
  await client.next('ACK_RESPONSE');
  expect(await broker.admin('GET', '/admin/v2/persistent/public/default/subscriptions/stats')).toMatchObject({
    subscriptions: { s: { msgBacklog: 3 } },
  });
});

test('a partly acknowledged batch comes back with the rest of its bits, and is lost by an unload (T8)', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 1, () => ({ metadata: { numMessagesInBatch: 4 } }));
  await client.subscribe({ topic: TOPIC, subType: SubscriptionType.Shared });
  const batch = await client.message();
  const { ledgerId, entryId } = batch.fields.messageId;
  client.ack(batch, { messageId: [{ ledgerId, entryId, ackSet: [0b1101n] }] });
  client.ack(batch, { messageId: [{ ledgerId, entryId, ackSet: [0b0111n] }] });
  client.send('REDELIVER_UNACKNOWLEDGED_MESSAGES', { consumerId: 1, messageIds: [{ ledgerId, entryId }] });
  expect((await client.message()).fields.ackSet).toEqual([0b0101n]);
  await broker.admin('PUT', '/admin/v2/persistent/public/default/subscriptions/unload');
  expect(await client.next('CLOSE_CONSUMER')).toMatchObject({ consumerId: 1, requestId: -1 });
  await client.subscribe({ topic: TOPIC, subType: SubscriptionType.Shared, consumerId: 2 });
  const whole = await client.message();
  expect(whole.fields.ackSet).toEqual([]);
  client.ack(whole, { messageId: [{ ledgerId, entryId, ackSet: [0b1010n] }] });
  client.ack(whole, { messageId: [{ ledgerId, entryId, ackSet: [0b0101n] }], requestId: 902 });
  await client.next('ACK_RESPONSE');
  expect(await broker.admin('GET', '/admin/v2/persistent/public/default/subscriptions/stats')).toMatchObject({
    subscriptions: { s: { msgBacklog: 0 } },
  });
});

test('Failover: the smaller name is active on a topic without partitions, also when it comes later (T5)', async () => {
  await using broker = await TestBroker.start();
  const b = await filled(broker, 3);
  const a = await broker.connect();
  const failover = { topic: TOPIC, subType: SubscriptionType.Failover };
  await b.subscribe({ ...failover, consumerName: 'b' });
  expect(await b.next('ACTIVE_CONSUMER_CHANGE')).toMatchObject({ isActive: true });
  expect(await b.texts(3)).toEqual(numbered(0, 3));
  await a.subscribe({ ...failover, consumerName: 'a' });
  expect(await a.next('ACTIVE_CONSUMER_CHANGE')).toMatchObject({ isActive: true });
  expect((await b.next('ACTIVE_CONSUMER_CHANGE')).isActive ?? false).toBe(false);
  expect(await a.texts(3)).toEqual(numbered(0, 3));
  a.destroy();
  expect(await b.next('ACTIVE_CONSUMER_CHANGE')).toMatchObject({ isActive: true });
  expect(await b.texts(3)).toEqual(numbered(0, 3));
});

test('delayed messages wait on Shared and not on Exclusive', async () => {
  let nowMs = 1_000_000;
  await using broker = await TestBroker.start({ now: () => nowMs });
  const client = await filled(broker, 2, (i) => (i === 0 ? { metadata: { deliverAtTime: 1_000_020 } } : {}));
  await client.subscribe({ topic: TOPIC, subType: SubscriptionType.Shared });
  expect(await client.texts(1)).toEqual(['m1']);
  nowMs += 20;
  expect(await client.texts(1)).toEqual(['m0']);
  nowMs -= 20;
  await client.subscribe({ topic: TOPIC, subscription: 'exclusive', consumerId: 2 });
  expect(await client.texts(2)).toEqual(['m0', 'm1']);
});

test('a reader starts at its id, also inclusively of it, and leaves nothing behind', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 5);
  const reader = { topic: TOPIC, subscription: 'reader', durable: false };
  await client.subscribe({ ...reader, startMessageId: { ledgerId: -1, entryId: -1 } });
  const all = [await client.message(), await client.message(), await client.message()];
  await client.request('CLOSE_CONSUMER', { consumerId: 1 });
  expect(await broker.admin('GET', '/admin/v2/persistent/public/default/subscriptions/subscriptions')).toEqual([]);
  const { ledgerId, entryId } = (all[2] as (typeof all)[2]).fields.messageId;
  await client.subscribe({ ...reader, consumerId: 2, startMessageId: { ledgerId, entryId } });
  await client.pendingMessages();
  const texts = [];
  while ((await client.pendingMessages()) > 0) {
    const message = await client.message();
    if (message.fields.consumerId === 2) texts.push(message.text);
  }
  expect(texts).toEqual(['m2', 'm3', 'm4']);
});

test('SEEK closes the consumer first, then answers; the next subscriber starts at the entry', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 5);
  await client.subscribe({ topic: TOPIC });
  const messages = [await client.message(), await client.message(), await client.message()];
  const { ledgerId, entryId } = (messages[1] as (typeof messages)[1]).fields.messageId;
  client.ack(messages[2] as (typeof messages)[2], { ackType: AckType.Cumulative });
  fieldsOf(await client.request('SEEK', { consumerId: 1, messageId: { ledgerId, entryId } }), 'SUCCESS');
  expect(await client.next('CLOSE_CONSUMER')).toMatchObject({ consumerId: 1 });
  await client.subscribe({ topic: TOPIC, consumerId: 2 });
  await client.pendingMessages();
  const texts = [];
  while ((await client.pendingMessages()) > 0) {
    const message = await client.message();
    if (message.fields.consumerId === 2) texts.push(message.text);
  }
  expect(texts).toEqual(numbered(1, 5));
});

test('SEEK by time goes to the first message published then or later', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 5);
  await client.subscribe({ topic: TOPIC }, 0);
  await client.request('SEEK', { consumerId: 1, messagePublishTime: 1_003 });
  await client.subscribe({ topic: TOPIC, consumerId: 2 });
  expect(await client.texts(2)).toEqual(['m3', 'm4']);
});

test('GET_LAST_MESSAGE_ID tells the last message of the last batch and the mark-delete position; -1:-1 when empty', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  const empty = fieldsOf(
    await client.request('GET_LAST_MESSAGE_ID', { consumerId: 1 }),
    'GET_LAST_MESSAGE_ID_RESPONSE',
  );
  expect(empty.lastMessageId).toMatchObject({ ledgerId: -1, entryId: -1 });
  await client.producer(TOPIC, 'p');
  client.publish(1, { sequenceId: 0 }, { sequenceId: 1, metadata: { numMessagesInBatch: 3 } });
  client.ack(await client.message());
  await client.message();
  const last = fieldsOf(await client.request('GET_LAST_MESSAGE_ID', { consumerId: 1 }), 'GET_LAST_MESSAGE_ID_RESPONSE');
  expect(last.lastMessageId).toMatchObject({ entryId: 1, batchIndex: 2 });
  expect(last.consumerMarkDeletePosition).toMatchObject({ entryId: 0 });
});

test('UNSUBSCRIBE deletes the subscription when it has one consumer, and is refused with two', async () => {
  await using broker = await TestBroker.start();
  const client = await filled(broker, 1);
  const shared = { topic: TOPIC, subType: SubscriptionType.Shared };
  await client.subscribe(shared);
  await client.subscribe({ ...shared, consumerId: 2 });
  expect(fieldsOf(await client.request('UNSUBSCRIBE', { consumerId: 1 }), 'ERROR').error).toBe(
    ServerError.MetadataError,
  );
  await client.request('CLOSE_CONSUMER', { consumerId: 2 });
  fieldsOf(await client.request('UNSUBSCRIBE', { consumerId: 1 }), 'SUCCESS');
  expect(await broker.admin('GET', '/admin/v2/persistent/public/default/subscriptions/subscriptions')).toEqual([]);
});

test('a consumer that does not read stops its own dispatch only', async () => {
  await using broker = await TestBroker.start();
  const producer = await filled(broker, 40, () => ({ payload: 'x'.repeat(1_000_000) }));
  const { connect } = await import('node:net');
  const { encodeCommand } = await import('../../../src/pulsar/protocol/index.ts');
  const slow = connect(broker.running.port, '127.0.0.1').pause();
  slow.write(encodeCommand('CONNECT', { clientVersion: 'slow', protocolVersion: 21 }));
  slow.write(
    encodeCommand('SUBSCRIBE', {
      topic: TOPIC,
      subscription: 'slow',
      subType: 0,
      consumerId: 1,
      requestId: 1,
      initialPosition: 1,
    }),
  );
  slow.write(encodeCommand('FLOW', { consumerId: 1, messagePermits: 1000 }));
  await producer.subscribe({ topic: TOPIC, subscription: 'fast' });
  expect(await producer.texts(40)).toHaveLength(40);
  const stats = (await broker.admin('GET', '/admin/v2/persistent/public/default/subscriptions/stats')) as {
    subscriptions: { slow: { consumers: { msgOutCounter: number }[] } };
  };
  expect(stats.subscriptions.slow.consumers[0]?.msgOutCounter).toBeLessThan(40);
  slow.destroy();
});

test('messages older than the time to live are skipped, without redelivering what a consumer holds', async () => {
  let nowMs = 1_000;
  await using broker = await TestBroker.start({ now: () => nowMs, housekeepingMs: 5 });
  const client = await filled(broker, 4);
  await client.subscribe({ topic: TOPIC, subType: SubscriptionType.Shared }, 2);
  await client.texts(2);
  await broker.admin('POST', '/admin/v2/namespaces/public/default/messageTTL', 1);
  nowMs = 2_002;
  const stats = '/admin/v2/persistent/public/default/subscriptions/stats';
  const backlog = async () =>
    ((await broker.admin('GET', stats)) as { subscriptions: { s: { msgBacklog: number } } }).subscriptions.s.msgBacklog;
  while ((await backlog()) === 4) await new Promise(setImmediate);
  expect(await backlog()).toBe(2);
  client.send('FLOW', { consumerId: 1, messagePermits: 5 });
  expect(await client.texts(2)).toEqual(['m2', 'm3']);
  expect(await client.pendingMessages()).toBe(0);
});
