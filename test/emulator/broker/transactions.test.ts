import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { TopicStore } from '../../../src/emulator/broker/storage/topic-store.ts';
import { ServerError, TxnAction } from '../../../src/pulsar/protocol/index.ts';
import { startBrokerProcess } from './broker-process.ts';
import { TestBroker } from './test-broker.ts';
import { fieldsOf, WireClient } from './wire-client.ts';

const TOPIC = 'persistent://public/default/txn';
const PATH = '/admin/v2/persistent/public/default/txn';
const HOUR_MS = 3_600_000;

type Txn = { txnidMostBits: bigint; txnidLeastBits: bigint };

async function begin(client: WireClient, timeoutMs = HOUR_MS): Promise<Txn> {
  const answer = fieldsOf(await client.request('NEW_TXN', { tcId: 0, txnTtlSeconds: timeoutMs }), 'NEW_TXN_RESPONSE');
  expect(answer.error).toBeUndefined();
  return { txnidMostBits: answer.txnidMostBits ?? 0n, txnidLeastBits: answer.txnidLeastBits ?? 0n };
}

async function end(client: WireClient, txn: Txn, txnAction: TxnAction): Promise<ServerError | undefined> {
  return fieldsOf(await client.request('END_TXN', { ...txn, txnAction }), 'END_TXN_RESPONSE').error;
}

/** Publishes `m<n>`, in a transaction if one is given, and waits for the receipt; gives the entry's id. */
async function publish(client: WireClient, sequenceId: number, txn?: Txn): Promise<string> {
  client.publish(1, { sequenceId, ...(txn && { send: txn, metadata: txn }) });
  const { messageId } = await client.next('SEND_RECEIPT');
  return `${messageId?.ledgerId}:${messageId?.entryId}`;
}

async function ackIn(
  client: WireClient,
  txn: Txn,
  id: string,
  more: { ackType?: 0 | 1; ackSet?: bigint[] } = {},
): Promise<ServerError | undefined> {
  const [ledgerId = 0, entryId = 0] = id.split(':').map(Number);
  const { ackType = 0, ackSet } = more;
  const messageId = [{ ledgerId, entryId, ackSet }];
  return fieldsOf(await client.request('ACK', { consumerId: 1, ackType, messageId, ...txn }), 'ACK_RESPONSE').error;
}

async function lastId(client: WireClient): Promise<number> {
  const answer = await client.request('GET_LAST_MESSAGE_ID', { consumerId: 1 });
  return fieldsOf(answer, 'GET_LAST_MESSAGE_ID_RESPONSE').lastMessageId.entryId;
}

async function backlog(broker: TestBroker): Promise<unknown> {
  const stats = (await broker.admin('GET', `${PATH}/stats`)) as { subscriptions: { s: { msgBacklog: number } } };
  return stats.subscriptions.s.msgBacklog;
}

test('readers and the last message id stop before the first entry of an open transaction; an aborted one is skipped', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  const [first, second] = [await begin(client), await begin(client)];
  await publish(client, 0);
  await publish(client, 1, first);
  await publish(client, 2, second);
  await publish(client, 3);
  expect(await client.texts(1)).toEqual(['m0']);
  expect([await lastId(client), await client.pendingMessages()]).toEqual([0, 0]);
  expect(await end(client, second, TxnAction.COMMIT)).toBeUndefined();
  expect([await lastId(client), await client.pendingMessages(), await backlog(broker)]).toEqual([0, 0, 4]);
  expect(await end(client, first, TxnAction.ABORT)).toBeUndefined();
  expect(await client.texts(2)).toEqual(['m2', 'm3']);
  expect([await lastId(client), await backlog(broker)]).toEqual([3, 3]);
  await client.subscribe({ topic: TOPIC, subscription: 'late', consumerId: 2 });
  expect(await client.texts(3)).toEqual(['m0', 'm2', 'm3']);
});

test('an aborted entry at the end is not the last message, and a seek does not bring it back', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  await publish(client, 0);
  const txn = await begin(client);
  await publish(client, 1, txn);
  await end(client, txn, TxnAction.ABORT);
  expect(await lastId(client)).toBe(0);
  expect(await client.texts(1)).toEqual(['m0']);
  await client.request('SEEK', { consumerId: 1, messageId: { ledgerId: 0, entryId: 0 } });
  await client.subscribe({ topic: TOPIC });
  expect(await client.texts(1)).toEqual(['m0']);
  await publish(client, 2);
  expect(await client.texts(1)).toEqual(['m2']);
});

test('after a kill committed entries are there, those of an open transaction are hidden until its time is over', async () => {
  let nowMs = 1_000_000;
  await using broker = await TestBroker.start({ now: () => nowMs });
  let client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  const [committed, open] = [await begin(client), await begin(client, 60_000)];
  await publish(client, 0, committed);
  await publish(client, 1, open);
  await publish(client, 2);
  expect(await end(client, committed, TxnAction.COMMIT)).toBeUndefined();

  await broker.killAndRestart();
  client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  expect(await client.texts(1)).toEqual(['m0']);
  expect([await lastId(client), await client.pendingMessages()]).toEqual([0, 0]);
  expect((await client.producer(TOPIC, 'p')).lastSequenceId).toBe(2);

  nowMs += 60_000;
  await broker.killAndRestart();
  client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  expect(await client.texts(2)).toEqual(['m0', 'm2']);
  expect(await end(client, open, TxnAction.COMMIT)).toBe(ServerError.TransactionNotFound);

  await broker.killAndRestart();
  client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  expect(await client.texts(2)).toEqual(['m0', 'm2']);
});

test('after a kill acknowledgements of a committed transaction hold, and those of an open one are still its own', async () => {
  await using broker = await TestBroker.start();
  let client = await broker.connect();
  const shared = { topic: TOPIC, subType: 1 } as const;
  await client.subscribe(shared);
  await client.producer(TOPIC, 'p');
  const ids = [await publish(client, 0), await publish(client, 1), await publish(client, 2)];
  await client.texts(3);
  const [committed, open] = [await begin(client), await begin(client)];
  expect(await ackIn(client, committed, ids[0] as string)).toBeUndefined();
  expect(await ackIn(client, open, ids[1] as string)).toBeUndefined();
  expect(await end(client, committed, TxnAction.COMMIT)).toBeUndefined();

  await broker.killAndRestart();
  client = await broker.connect();
  await client.subscribe(shared);
  expect(await client.texts(1)).toEqual(['m2']);
  expect(await client.pendingMessages()).toBe(0);
  expect(await ackIn(client, await begin(client), ids[1] as string)).toBe(ServerError.TransactionConflict);
  expect(await end(client, open, TxnAction.ABORT)).toBeUndefined();
  expect(await client.texts(1)).toEqual(['m1']);
});

test('messages of a batch that a committed transaction acknowledged stay so after a kill, unlike others, and until a seek', async () => {
  await using broker = await TestBroker.start();
  let client = await broker.connect();
  const shared = { topic: TOPIC, subType: 1 } as const;
  await client.subscribe(shared);
  await client.producer(TOPIC, 'p');
  const batch = { metadata: { numMessagesInBatch: 4 }, send: { numMessages: 4 } };
  client.publish(1, { sequenceId: 0, highestSequenceId: 3, ...batch });
  const { id } = await client.message();
  const [ledgerId = 0, entryId = 0] = id.split(':').map(Number);
  for (const ackSet of [[0b1110n], [0b1101n]]) {
    const txn = await begin(client);
    expect(await ackIn(client, txn, id, { ackSet })).toBeUndefined();
    expect(await end(client, txn, TxnAction.COMMIT)).toBeUndefined();
  }
  const plain = { consumerId: 1, ackType: 0, messageId: [{ ledgerId, entryId, ackSet: [0b1011n] }] } as const;
  await client.request('ACK', plain);
  for (let restarts = 0; restarts < 2; restarts++) {
    await broker.killAndRestart();
    client = await broker.connect();
    await client.subscribe(shared);
    expect((await client.message()).fields.ackSet).toEqual([0b1100n]);
  }
  await client.request('SEEK', { consumerId: 1, messageId: { ledgerId, entryId } });
  await broker.restart();
  client = await broker.connect();
  await client.subscribe(shared);
  expect((await client.message()).fields.ackSet).toEqual([]);
});

test('a transaction whose end cannot be stored is open as before, also in memory', async () => {
  await using broker = await TestBroker.start();
  let client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  const id = await publish(client, 0);
  await client.texts(1);
  const txn = await begin(client);
  await publish(client, 1, txn);
  await ackIn(client, txn, id);
  const failing = jest.spyOn(TopicStore.prototype, 'saveCursor').mockImplementation(() => {
    throw new Error('database or disk is full');
  });
  await expect(end(client, txn, TxnAction.COMMIT)).rejects.toThrow();
  failing.mockRestore();
  client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  expect([await client.pendingMessages(), await backlog(broker)]).toEqual([0, 2]);
  expect(await end(client, txn, TxnAction.COMMIT)).toBeUndefined();
  expect(await client.texts(1)).toEqual(['m1']);
  expect(await backlog(broker)).toBe(1);
});

test('a transaction ends while its topic is unloaded', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  const id = await publish(client, 0);
  const txn = await begin(client);
  await publish(client, 1, txn);
  await ackIn(client, txn, id, { ackType: 1 });
  await broker.admin('PUT', `${PATH}/unload`);
  expect(await end(client, txn, TxnAction.COMMIT)).toBeUndefined();
  await client.texts(1);
  await client.subscribe({ topic: TOPIC });
  expect(await client.texts(1)).toEqual(['m1']);
});

test('messages of a batch belong to one transaction each, and what is left of the batch is delivered', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.subscribe({ topic: TOPIC, subType: 1 });
  await client.producer(TOPIC, 'p');
  client.publish(1, {
    sequenceId: 0,
    highestSequenceId: 2,
    metadata: { numMessagesInBatch: 3 },
    send: { numMessages: 3 },
  });
  const { id } = await client.message();
  const [first, second] = [await begin(client), await begin(client)];
  expect(await ackIn(client, first, id, { ackSet: [0b110n] })).toBeUndefined();
  expect(await ackIn(client, second, id, { ackSet: [0b100n] })).toBe(ServerError.TransactionConflict);
  expect(await ackIn(client, second, id, { ackSet: [0b101n] })).toBeUndefined();
  client.send('REDELIVER_UNACKNOWLEDGED_MESSAGES', { consumerId: 1, messageIds: [] });
  expect((await client.message()).fields.ackSet).toEqual([0b100n]);
  await end(client, first, TxnAction.COMMIT);
  await end(client, second, TxnAction.ABORT);
  expect((await client.message()).fields.ackSet).toEqual([0b110n]);
});

test('cumulative acknowledgements: one transaction at a time, and only forward', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  const ids = [await publish(client, 0), await publish(client, 1), await publish(client, 2)] as [
    string,
    string,
    string,
  ];
  await client.texts(3);
  const [first, second] = [await begin(client), await begin(client)];
  const upTo = { ackType: 1 } as const;
  expect(await ackIn(client, first, ids[1], upTo)).toBeUndefined();
  expect(await ackIn(client, first, ids[0], upTo)).toBe(ServerError.TransactionConflict);
  expect(await ackIn(client, second, ids[2], upTo)).toBe(ServerError.TransactionConflict);
  expect(await backlog(broker)).toBe(3);
  await end(client, first, TxnAction.COMMIT);
  expect(await backlog(broker)).toBe(1);
  expect(await ackIn(client, second, ids[1], upTo)).toBe(ServerError.TransactionConflict);
  expect(await ackIn(client, second, ids[2], upTo)).toBeUndefined();
});

test('a transaction that ended or never was is refused everywhere', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  const id = await publish(client, 0);
  const ended = await begin(client);
  await end(client, ended, TxnAction.COMMIT);
  for (const txn of [ended, { txnidMostBits: 0n, txnidLeastBits: 999n }, { txnidMostBits: 7n, txnidLeastBits: 1n }]) {
    const added = await client.request('ADD_PARTITION_TO_TXN', { ...txn, partitions: [TOPIC] });
    const subscription = [{ topic: TOPIC, subscription: 's' }];
    const joined = await client.request('ADD_SUBSCRIPTION_TO_TXN', { ...txn, subscription });
    expect(fieldsOf(added, 'ADD_PARTITION_TO_TXN_RESPONSE')).toMatchObject({ error: ServerError.TransactionNotFound });
    expect(fieldsOf(joined, 'ADD_SUBSCRIPTION_TO_TXN_RESPONSE').error).toBe(ServerError.TransactionNotFound);
    expect(await end(client, txn, TxnAction.ABORT)).toBe(ServerError.TransactionNotFound);
    expect(await ackIn(client, txn, id)).toBe(ServerError.TransactionNotFound);
    client.publish(1, { sequenceId: 1, send: txn, metadata: txn });
    expect(await client.next('SEND_ERROR')).toMatchObject({ error: ServerError.NotAllowedError });
  }
  const connected = await client.request('TC_CLIENT_CONNECT_REQUEST', { tcId: 1 });
  const { error } = fieldsOf(connected, 'TC_CLIENT_CONNECT_RESPONSE');
  expect(error).toBe(ServerError.TransactionCoordinatorNotFound);
});

test('a broker process killed with SIGKILL keeps what was committed, and aborts what was open when its time is over', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'broker-'));
  const first = await startBrokerProcess(dataDir);
  const client = await WireClient.open(first.port);
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  const id = await publish(client, 0);
  const [committed, open] = [await begin(client), await begin(client, 3000)];
  await ackIn(client, committed, id);
  await publish(client, 1, committed);
  await publish(client, 2, open);
  await publish(client, 3);
  expect(await end(client, committed, TxnAction.COMMIT)).toBeUndefined();
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');

  const second = await startBrokerProcess(dataDir);
  const successor = await WireClient.open(second.port);
  await successor.subscribe({ topic: TOPIC });
  expect(await successor.texts(2)).toEqual(['m1', 'm3']);
  expect(await end(successor, open, TxnAction.COMMIT)).toBe(ServerError.TransactionNotFound);
  successor.destroy();
  second.process.kill('SIGTERM');
  expect(await once(second.process, 'exit')).toEqual([0, null]);
  rmSync(dataDir, { recursive: true });
});

test('a message that does not say of itself which transaction it is of is refused, and none of it is there', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.subscribe({ topic: TOPIC });
  await client.producer(TOPIC, 'p');
  const [txn, other] = [await begin(client), await begin(client)];
  for (const [sequenceId, metadata] of [undefined, other].entries()) {
    client.publish(1, { sequenceId, send: txn, ...(metadata && { metadata }) });
    expect(await client.next('SEND_ERROR')).toMatchObject({ error: ServerError.NotAllowedError });
  }
  for (const one of [txn, other]) expect(await end(client, one, TxnAction.COMMIT)).toBeUndefined();
  await publish(client, 2);
  expect(await client.texts(1)).toEqual(['m2']);
});

test('no more transactions are open than may be, those that a killed broker left among them', async () => {
  await using broker = await TestBroker.start({ maxOpenTransactions: 2 });
  const refusal = async (client: WireClient) =>
    fieldsOf(await client.request('NEW_TXN', { tcId: 0, txnTtlSeconds: HOUR_MS }), 'NEW_TXN_RESPONSE');
  let client = await broker.connect();
  const [first] = [await begin(client), await begin(client)];
  const told = { error: ServerError.NotAllowedError, message: '2 transactions are open, the most there may be' };
  expect(await refusal(client)).toMatchObject(told);
  await broker.killAndRestart();
  client = await broker.connect();
  expect(await refusal(client)).toMatchObject(told);
  expect(await end(client, first, TxnAction.ABORT)).toBeUndefined();
  await begin(client);
});
