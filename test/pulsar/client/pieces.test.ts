import { afterEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { EntryAcks } from '../../../src/pulsar/client/entry-acks.ts';
import { type HashingScheme, hashKey } from '../../../src/pulsar/client/hashing.ts';
import type { IncomingMessage } from '../../../src/pulsar/client/incoming-message.ts';
import { Permits } from '../../../src/pulsar/client/permits.ts';
import { ReceiveQueue } from '../../../src/pulsar/client/receive-queue.ts';
import { RedeliveryTimer } from '../../../src/pulsar/client/redelivery-timer.ts';
import { publicError } from '../../../src/pulsar/client/result-text.ts';
import { Router, type RouterOptions } from '../../../src/pulsar/client/router.ts';
import { wireSchema } from '../../../src/pulsar/client/schema-info.ts';
import { isBeforeStart } from '../../../src/pulsar/client/start-position.ts';
import { MessageId, PulsarError } from '../../../src/pulsar/index.ts';
import { Backoff } from '../../../src/pulsar/network/backoff.ts';
import { parseServiceUrl } from '../../../src/pulsar/network/service-url.ts';
import { SchemaType } from '../../../src/pulsar/protocol/index.ts';

afterEach(() => {
  jest.useRealTimers();
});

test.each<[HashingScheme, string, number]>([
  ['JavaStringHash', 'key1', 3288498],
  ['JavaStringHash', 'keykeykeykeykey1', 434058482],
  ['JavaStringHash', '日本語', 25921943],
  ['Murmur3_32Hash', 'key1', 462881061],
  ['Murmur3_32Hash', 'key2', 1936800180],
  ['Murmur3_32Hash', 'hello', 613153351],
  ['Murmur3_32Hash', '', 0],
  ['BoostHash', '', 2133126054],
  ['BoostHash', 'a', 2135870748],
  ['BoostHash', 'abc', 1074445565],
  ['BoostHash', 'abcd', 246651746],
  ['BoostHash', 'key1', 2071103098],
  ['BoostHash', 'test-key-12345678', 3921528],
  ['BoostHash', '日本語', 18892553],
])('%s of %j is %d, as in the official clients', (scheme, key, hash) => {
  expect(hashKey(scheme, key)).toBe(hash);
});

const id = (batchIndex: number, batchSize: number) => ({ ledgerId: 1, entryId: 2, batchIndex, batchSize });

const shuffled = fc.integer({ min: 2, max: 130 }).chain((size) =>
  fc.shuffledSubarray(
    Array.from({ length: size }, (_, i) => i),
    { minLength: size },
  ),
);

test('an entry is acknowledged with its last message, in any order and however often', () => {
  fc.assert(
    fc.property(shuffled, (order) => {
      const acks = new EntryAcks();
      for (const [done, index] of order.entries()) {
        expect(acks.add(id(index, order.length))).toBe(done === order.length - 1);
        if (done > 0 && done < order.length - 1) expect(acks.add(id(order[0] as number, order.length))).toBe(false);
      }
      expect(acks.has(1, 2, 0)).toBe(false);
    }),
    { numRuns: 20 },
  );
});

test('an ack set has the bits of the messages that are not acknowledged', () => {
  fc.assert(
    fc.property(shuffled, fc.nat({ max: 128 }), (order, count) => {
      const acks = new EntryAcks();
      const acked = order.slice(0, Math.min(count, order.length - 1));
      for (const index of acked) acks.add(id(index, order.length));
      const words = acks.ackSet(1, 2).map((word) => BigInt.asUintN(64, word));
      const bits = words.map((word) => word.toString(2).padStart(64, '0').split('').reverse().join('')).join('');
      const expected = order.map((_, index) => (acked.includes(index) || acked.length === 0 ? '0' : '1')).join('');
      expect(bits.padEnd(192, '0')).toBe(expected.padEnd(192, '0'));
      expect(order.every((index) => acks.has(1, 2, index) === acked.includes(index))).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test('an ack set has no trailing empty words', () => {
  const acks = new EntryAcks();
  for (let index = 64; index < 128; index++) acks.add(id(index, 128));
  expect(acks.ackSet(1, 2)).toEqual([-1n]);
});

test('a cumulative acknowledgement forgets the entries it covers', () => {
  const acks = new EntryAcks();
  for (const [ledgerId, entryId] of [
    [1, 5],
    [2, 1],
    [2, 2],
  ] as const)
    acks.add({ ...id(0, 2), ledgerId, entryId });
  acks.forgetThrough(2, 1);
  expect([acks.has(1, 5, 0), acks.has(2, 1, 0), acks.has(2, 2, 0)]).toEqual([false, false, true]);
});

const message = (sequenceId: number, size = 1) =>
  ({ sequenceId, value: Buffer.alloc(size) }) as unknown as IncomingMessage;

test('a receive queue gives what was put in, in order, within limits, and counts right', () => {
  const action = fc.record({
    push: fc.nat({ max: 40 }),
    maxMessages: fc.integer({ min: 1, max: 50 }),
    maxBytes: fc.nat({ max: 90 }),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const queue = new ReceiveQueue();
      const model: IncomingMessage[] = [];
      let next = 0;
      for (const { push, maxMessages, maxBytes } of actions) {
        const pushed = Array.from({ length: push }, () => message(next++, next % 7));
        queue.push(pushed);
        model.push(...pushed);
        const taken = queue.take({ maxMessages, maxBytes });
        expect(taken).toEqual(model.splice(0, taken.length));
        expect(taken.length).toBeLessThanOrEqual(maxMessages);
        const sum = taken.reduce((total, { value }) => total + (value?.length ?? 0), 0);
        expect(taken.length <= 1 || sum <= maxBytes).toBe(true);
        expect(queue.shift()).toBe(model.shift());
        expect(queue.length).toBe(model.length);
        expect(queue.bytes).toBe(model.reduce((total, { value }) => total + (value?.length ?? 0), 0));
        expect(queue.peek()).toBe(model[0]);
      }
      const odd = ({ sequenceId }: IncomingMessage) => sequenceId % 2 === 1;
      expect(queue.remove(odd)).toBe(model.filter(odd).length);
      expect(queue.length).toBe(model.filter((one) => !odd(one)).length);
    }),
    { numRuns: 50 },
  );
});

test('with a queue of 0 as many permits are given as messages are waited for, after a batch its debt, too', () => {
  const sent: number[] = [];
  const permits = new Permits(0, (count) => sent.push(count));
  permits.ask(1);
  permits.ask(1);
  permits.spend(5);
  permits.ask(2);
  permits.start();
  permits.ask(2);
  expect(sent).toEqual([1, 6, 2]);
});

test('permits are given back at half of the queue, none for a queue of 0', () => {
  const sent: number[] = [];
  const permits = new Permits(10, (count) => sent.push(count));
  permits.start();
  permits.release(4);
  permits.release(1);
  permits.release(2);
  permits.flush();
  permits.flush();
  expect(sent).toEqual([10, 5, 2]);
  const none = new Permits(0, () => sent.push(-1));
  none.start();
  none.release(100);
  none.flush();
  expect(sent).toEqual([10, 5, 2]);
});

const routing: RouterOptions = {
  mode: 'RoundRobinDistribution',
  hashingScheme: 'Murmur3_32Hash',
  partitions: () => 3,
  stickFor: undefined,
  nowMs: () => 0,
  random: () => 0.5,
};
const plain = { value: Buffer.alloc(10) };

test('keys go by their hash, others in turn, or stay with UseSinglePartition', () => {
  const turn = new Router(routing);
  expect([0, 1, 2, 3].map(() => turn.route(plain))).toEqual([1, 2, 0, 1]);
  expect(turn.route({ ...plain, key: 'key1' })).toBe(462881061 % 3);
  const single = new Router({ ...routing, mode: 'UseSinglePartition' });
  expect([0, 1, 2].map(() => single.route(plain))).toEqual([1, 1, 1]);
});

test('with batches a partition is kept until its batch is full or old', () => {
  let nowMs = 0;
  const router = new Router({ ...routing, stickFor: { messages: 3, bytes: 45, ms: 10 }, nowMs: () => nowMs });
  expect([0, 1, 2, 3].map(() => router.route(plain))).toEqual([1, 1, 1, 2]);
  expect(router.route({ value: Buffer.alloc(40) })).toBe(0);
  nowMs = 10;
  expect(router.route({ value: null })).toBe(1);
});

test('redeliveries that fall due together go out together, cancelled ones never', () => {
  jest.useFakeTimers();
  const sent: number[][] = [];
  const timer = new RedeliveryTimer(1000, (ids) => sent.push(ids.map(({ entryId }) => entryId)));
  const entry = (entryId: number) => ({ ledgerId: 1, entryId, batchIndex: -1 });
  timer.add(entry(1));
  timer.add(entry(2));
  jest.advanceTimersByTime(500);
  timer.add(entry(3));
  timer.add(entry(4));
  timer.remove(entry(2));
  timer.add(entry(1));
  jest.advanceTimersByTime(499);
  expect(sent).toEqual([]);
  jest.advanceTimersByTime(501);
  expect(sent).toEqual([[3, 4, 1]]);
  timer.add(entry(5));
  timer.clear();
  jest.advanceTimersByTime(5000);
  expect(sent).toHaveLength(1);
});

test('an entry is redelivered as long as one of its messages waits for it', () => {
  jest.useFakeTimers();
  const sent: number[][] = [];
  const timer = new RedeliveryTimer(1000, (ids) => sent.push(ids.map(({ entryId }) => entryId)));
  const at = (entryId: number, batchIndex: number) => ({ ledgerId: 1, entryId, batchIndex, batchSize: 3 });
  const addAll = () => {
    for (const entryId of [1, 2, 3]) for (const index of [0, 1, 2]) timer.add(at(entryId, index));
  };
  addAll();
  timer.remove(at(1, 0));
  for (const index of [0, 1, 2]) timer.remove(at(2, index));
  timer.remove(at(3, -1));
  jest.advanceTimersByTime(1000);
  addAll();
  timer.removeThrough(at(2, 1));
  jest.advanceTimersByTime(1000);
  addAll();
  timer.removeThrough(at(2, -1));
  timer.removeThrough(at(3, 2));
  jest.advanceTimersByTime(1000);
  expect(sent).toEqual([[1], [2, 3]]);
});

test('a start leaves out what lies before it', () => {
  const start = { ledgerId: 2, entryId: 3, batchIndex: 1 };
  const at = (entryId: number, batchIndex: number) => ({ ledgerId: 2, entryId, batchIndex });
  const before = (isInclusive: boolean) =>
    [at(2, 9), at(3, 0), at(3, 1), at(3, 2), at(4, 0)].map((one) => isBeforeStart(one, start, isInclusive));
  expect(before(false)).toEqual([true, true, true, false, false]);
  expect(before(true)).toEqual([true, true, false, false, false]);
  const whole = { ...start, batchIndex: -1 };
  expect([isBeforeStart(at(3, 5), whole, false), isBeforeStart(at(3, 5), whole, true)]).toEqual([true, false]);
  expect(isBeforeStart(at(3, 5), MessageId.latest().parts, false)).toBe(false);
  expect(isBeforeStart(at(0, -1), MessageId.earliest().parts, false)).toBe(false);
});

test('message ids print and travel as in the official clients', () => {
  const one = new MessageId({ ledgerId: 12, entryId: 3, partition: -1, batchIndex: 0, batchSize: 5 });
  expect(String(one)).toBe('(12,3,-1,0)');
  expect(one.serialize().toString('hex')).toBe('080c1003' + '2000' + '3005');
  expect(MessageId.deserialize(one.serialize()).parts).toEqual(one.parts);
  expect(String(MessageId.earliest())).toBe('(-1,-1,-1,-1)');
  expect(String(MessageId.latest())).toBe('(9223372036854775807,9223372036854775807,-1,-1)');
  expect(String(MessageId.deserialize(MessageId.latest().serialize()))).toBe(String(MessageId.latest()));
  expect(() => MessageId.deserialize('x' as never)).toThrow('Expected buffer as first argument');
});

test('errors carry the text of the official client, our code and the cause', () => {
  const cause = new PulsarError('ServiceNotReady', 'detail');
  const error = publicError('send message', cause);
  expect(error).toMatchObject({ code: 'ServiceNotReady', message: 'Failed to send message: Retryable', cause });
  expect(publicError('x', new TypeError('t'))).toMatchObject({ code: 'UnknownError' });
});

test('schemas map to wire numbers, bytes to none, unknown types are refused', () => {
  expect(wireSchema({ schemaType: 'Json', schema: '{}' })).toMatchObject({ name: 'Json', type: SchemaType.Json });
  expect(wireSchema({ schemaType: 'Bytes' })).toBeUndefined();
  expect(() => wireSchema({ schemaType: 'Jason' as 'Json' })).toThrow('Unknown schemaType: Jason');
});

test('service URLs have default ports and several hosts; others are refused', () => {
  expect(parseServiceUrl('pulsar://a,b:7000')).toEqual([
    { host: 'a', port: 6650, isTls: false },
    { host: 'b', port: 7000, isTls: false },
  ]);
  expect(parseServiceUrl('pulsar+ssl://[::1]/')).toEqual([{ host: '::1', port: 6651, isTls: true }]);
  for (const url of ['http://a', 'a:6650', 'pulsar://', 'pulsar://a:99999', 'pulsar://a b']) {
    expect(() => parseServiceUrl(url)).toThrow(expect.objectContaining({ code: 'InvalidUrl' }));
  }
});

test('delays double up to the limit, less a little chance', () => {
  const backoff = new Backoff(100, 500, () => 1);
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([100, 180, 360, 450, 450]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});
