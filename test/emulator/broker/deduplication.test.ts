import { expect, test } from '@jest/globals';
import { ServerError } from '../../../src/pulsar/protocol/index.ts';
import { TestBroker } from './test-broker.ts';
import type { WireClient } from './wire-client.ts';

const TOPIC = 'persistent://public/default/dedup';
const STATS = '/admin/v2/persistent/public/default/dedup';

async function receipt(client: WireClient, entry: Parameters<WireClient['publish']>[1]): Promise<string> {
  client.publish(1, entry);
  const { messageId } = await client.next('SEND_RECEIPT');
  return `${messageId?.ledgerId}:${messageId?.entryId}`;
}

test('a too large SEND in mid-pipeline is refused first and its slot is burnt (T3)', async () => {
  await using broker = await TestBroker.start({ maxMessageBytes: 1000 });
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  const tooLarge = { sequenceId: 2, payload: 'x'.repeat(2000) };
  client.publish(1, { sequenceId: 0 }, { sequenceId: 1 }, tooLarge, { sequenceId: 3 }, { sequenceId: 4 });
  expect(await client.next('SEND_ERROR')).toMatchObject({ sequenceId: 2, error: ServerError.NotAllowedError });
  for (const sequenceId of [0, 1, 3, 4]) expect(await client.next('SEND_RECEIPT')).toMatchObject({ sequenceId });
  expect(await receipt(client, { sequenceId: 2 })).toBe('-1:-1');
});

test('acknowledgements and deduplication survive a clean stop', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  await client.subscribe({ topic: TOPIC });
  client.publish(1, { sequenceId: 0 }, { sequenceId: 1 }, { sequenceId: 2 });
  for (let i = 0; i < 2; i++) client.ack(await client.message());
  await client.request('GET_LAST_MESSAGE_ID', { consumerId: 1 });

  await broker.restart();

  const successor = await broker.connect();
  expect((await successor.producer(TOPIC, 'p')).lastSequenceId).toBe(2);
  await successor.subscribe({ topic: TOPIC });
  expect(await successor.texts(1)).toEqual(['m2']);
});

test('what was received but not committed when the broker is killed was not answered and is not there', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  await receipt(client, { sequenceId: 0 });
  broker.running.kill();
  client.publish(1, { sequenceId: 1 });
  await client.closed;
  await broker.killAndRestart();
  expect((await (await broker.connect()).producer(TOPIC, 'p')).lastSequenceId).toBe(0);
});

test('switching deduplication off and on forgets everything and does not replay history (T3)', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  await receipt(client, { sequenceId: 5 });
  await broker.admin('POST', '/admin/v2/namespaces/public/default/deduplication', false);
  expect(await broker.admin('GET', `${STATS}/stats`)).toMatchObject({ deduplicationStatus: 'Disabled' });
  expect(await receipt(client, { sequenceId: 5 })).toMatch(/^\d+:1$/);
  await broker.admin('POST', '/admin/v2/namespaces/public/default/deduplication', true);
  expect(await broker.admin('GET', `${STATS}/stats`)).toMatchObject({ deduplicationStatus: 'Enabled' });
  await broker.killAndRestart();
  expect((await (await broker.connect()).producer(TOPIC, 'p')).lastSequenceId).toBe(-1);
});

test('a topic policy overrides the namespace', async () => {
  await using broker = await TestBroker.start({ deduplication: false });
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  expect(await broker.admin('GET', `${STATS}/stats`)).toMatchObject({ deduplicationStatus: 'Disabled' });
  await broker.admin('POST', `${STATS}/deduplicationEnabled`, true);
  expect(await broker.admin('GET', `${STATS}/deduplicationEnabled`)).toBe(true);
  await receipt(client, { sequenceId: 1 });
  expect(await receipt(client, { sequenceId: 1 })).toBe('-1:-1');
});

test('a producer name that left longer ago than the inactivity limit is forgotten', async () => {
  let nowMs = 1_000_000;
  await using broker = await TestBroker.start({ now: () => nowMs, dedupInactivityMs: 1000, housekeepingMs: 10 });
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  await receipt(client, { sequenceId: 5 });
  await client.request('CLOSE_PRODUCER', { producerId: 1 });
  nowMs += 5000;
  for (let last = 5; last !== -1; ) {
    last = (await client.producer(TOPIC, 'p')).lastSequenceId ?? 0;
    await client.request('CLOSE_PRODUCER', { producerId: 1 });
    nowMs += 5000;
    await new Promise(setImmediate);
  }
  await broker.killAndRestart();
  expect((await (await broker.connect()).producer(TOPIC, 'p')).lastSequenceId).toBe(-1);
});
