import { expect, test } from '@jest/globals';
import { KeySharedMode, ServerError, SubscriptionType } from '../../../src/pulsar/protocol/index.ts';
import { TestBroker } from './test-broker.ts';
import type { TestMessage, WireClient } from './wire-client.ts';

const TOPIC = 'persistent://public/default/keys';
const KEY_SHARED = { topic: TOPIC, subType: SubscriptionType.KeyShared };

const keyed = (sequenceId: number, partitionKey: string) => ({
  sequenceId,
  payload: `${partitionKey}/${sequenceId}`,
  metadata: { partitionKey },
});

async function drain(client: WireClient): Promise<TestMessage[]> {
  const messages: TestMessage[] = [];
  while ((await client.pendingMessages()) > 0) messages.push(await client.message());
  return messages;
}

test('every key has one consumer, and each consumer gets its keys in order', async () => {
  await using broker = await TestBroker.start();
  const [a, b] = [await broker.connect(), await broker.connect()];
  await a.subscribe({ ...KEY_SHARED, consumerName: 'a' });
  await b.subscribe({ ...KEY_SHARED, consumerName: 'b' });
  await a.producer(TOPIC, 'p');
  a.publish(1, ...Array.from({ length: 200 }, (_, i) => keyed(i, `key${i % 20}`)));
  for (let i = 0; i < 200; i++) await a.next('SEND_RECEIPT');
  const texts = [(await drain(a)).map(({ text }) => text), (await drain(b)).map(({ text }) => text)] as const;
  expect(texts[0].length + texts[1].length).toBe(200);
  const keys = texts.map((list) => new Set(list.map((text) => text.split('/')[0])));
  expect([...(keys[0] as Set<string>)].filter((key) => keys[1]?.has(key))).toEqual([]);
  for (const list of texts) {
    for (const key of new Set(list.map((text) => text.split('/')[0]))) {
      const ids = list.filter((text) => text.startsWith(`${key}/`)).map((text) => Number(text.split('/')[1]));
      expect(ids).toEqual([...ids].sort((x, y) => x - y));
    }
  }
});

test('a key whose earlier entries are unacknowledged at its old owner waits for them', async () => {
  await using broker = await TestBroker.start();
  const [a, b] = [await broker.connect(), await broker.connect()];
  await a.subscribe({ ...KEY_SHARED, consumerName: 'a' });
  await a.producer(TOPIC, 'p');
  const keys = Array.from({ length: 20 }, (_, i) => `key${i}`);
  a.publish(1, ...keys.map((key, i) => keyed(i, key)));
  const held = [];
  for (const _ of keys) held.push(await a.message());
  await b.subscribe({ ...KEY_SHARED, consumerName: 'b' });
  a.publish(1, ...keys.map((key, i) => keyed(100 + i, key)));
  for (let i = 0; i < 40; i++) await a.next('SEND_RECEIPT');
  expect(await b.pendingMessages()).toBe(0);
  for (const message of held) a.ack(message);
  const later = [...(await drain(a)), ...(await drain(b))].map(({ text }) => text).sort();
  expect(later).toEqual(keys.map((key, i) => `${key}/${100 + i}`).sort());
  expect((await drain(b)).length).toBe(0);
});

test('entries of a consumer that leaves go to the new owner before newer ones of their key', async () => {
  await using broker = await TestBroker.start();
  const [a, b] = [await broker.connect(), await broker.connect()];
  await a.subscribe({ ...KEY_SHARED, consumerName: 'a' }, 2);
  await b.producer(TOPIC, 'p');
  b.publish(1, ...[0, 1, 2, 3].map((i) => keyed(i, 'k')));
  await a.texts(2);
  await b.subscribe({ ...KEY_SHARED, consumerName: 'b' });
  a.destroy();
  expect(await b.texts(4)).toEqual(['k/0', 'k/1', 'k/2', 'k/3']);
});

test('STICKY ranges must not overlap, and modes do not mix', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  const sticky = (start: number, end: number) => ({
    keySharedMeta: { keySharedMode: KeySharedMode.STICKY, hashRanges: [{ start, end }] },
  });
  await client.subscribe({ ...KEY_SHARED, ...sticky(0, 30000) });
  await expect(client.subscribe({ ...KEY_SHARED, ...sticky(30000, 65535), consumerId: 2 })).rejects.toThrow(
    `ERROR ${ServerError.ConsumerAssignError}`,
  );
  await expect(client.subscribe({ ...KEY_SHARED, consumerId: 3 })).rejects.toThrow(`ERROR ${ServerError.ConsumerBusy}`);
  await client.subscribe({ ...KEY_SHARED, ...sticky(30001, 65535), consumerId: 4 });
});
