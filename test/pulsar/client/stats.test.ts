import { afterEach, expect, jest, test } from '@jest/globals';
import { ConsumerStats, ProducerStats, StatsLog } from '../../../src/pulsar/client/stats.ts';
import { Client, LogLevel } from '../../../src/pulsar/index.ts';
import { AckType } from '../../../src/pulsar/protocol/index.ts';
import { startScriptedBroker } from '../kit/scripted-broker.ts';

afterEach(() => {
  jest.useRealTimers();
});

const value = Buffer.alloc(10);

test("a producer's line is npm pulsar-client's: since the last line, and in all", () => {
  const stats = new ProducerStats();
  stats.note([{ value }, { value }, { value: null }]);
  stats.done('Ok', 2, 8);
  stats.done('TimeOut', 1, 1024);
  expect(stats.take('t, p')).toBe(
    'Producer [t, p] , ProducerStatsImpl (numMsgsSent_ = 3, numBytesSent_ = 20, sendMap_ = {[Key: Ok, Value: 2], ' +
      '[Key: TimeOut, Value: 1], }, latencyAccumulator_ = Latencies [ 50pct: 8ms, 90pct: 1020ms, 99pct: 1020ms, 99.9pct: 1020ms], ' +
      'totalMsgsSent_ = 3, totalBytesSent_ = 20, totalAcksReceived_ = 3, totalSendMap_ = {[Key: Ok, Value: 2], [Key: TimeOut, Value: 1], }, ' +
      'totalLatencyAccumulator_ = Latencies [ 50pct: 8ms, 90pct: 1020ms, 99pct: 1020ms, 99.9pct: 1020ms])',
  );
  stats.note([{ value }]);
  stats.done('Ok', 1, 0);
  const next = stats.take('t, p');
  expect(next).toContain('numMsgsSent_ = 1, numBytesSent_ = 10, sendMap_ = {[Key: Ok, Value: 1], }');
  expect(next).toContain('totalMsgsSent_ = 4, totalBytesSent_ = 30, totalAcksReceived_ = 4');
  expect(stats.take('t, p')).toContain(
    'numMsgsSent_ = 0, numBytesSent_ = 0, sendMap_ = {}, latencyAccumulator_ = Latencies [ 50pct: 0ms',
  );
});

test('percentiles of many latencies are within 5 % of the true ones', () => {
  const stats = new ProducerStats();
  for (let i = 1; i <= 10_000; i++) stats.done('Ok', 1, i / 10);
  const found = [...stats.take('').matchAll(/pct: ([\d.]+)ms/g)].slice(0, 4).map(([, ms]) => Number(ms));
  for (const [i, expected] of [500, 900, 990, 999].entries()) {
    expect(Math.abs((found[i] as number) / expected - 1)).toBeLessThan(0.05);
  }
});

test("a consumer's line is npm pulsar-client's", () => {
  const stats = new ConsumerStats();
  for (let i = 0; i < 3; i++) stats.noteOne(value);
  stats.acknowledged(AckType.Individual);
  stats.acknowledged(AckType.Individual);
  stats.acknowledged(AckType.Cumulative);
  const acks = '{[Key: {Result: Ok, ackType: 0}, Value: 2], [Key: {Result: Ok, ackType: 1}, Value: 1], }';
  expect(stats.take('t, s, 1')).toBe(
    'Consumer [t, s, 1] , ConsumerStatsImpl (numBytesRecieved_ = 30, totalNumBytesRecieved_ = 30, receivedMsgMap_ = {[Key: Ok, Value: 3], }, ' +
      `ackedMsgMap_ = ${acks}, totalReceivedMsgMap_ = {[Key: Ok, Value: 3], }, totalAckedMsgMap_ = ${acks})`,
  );
  expect(stats.take('t, s, 1')).toContain(
    'receivedMsgMap_ = {}, ackedMsgMap_ = {}, totalReceivedMsgMap_ = {[Key: Ok, Value: 3], }',
  );
});

test('lines are logged at each interval for as long as anybody is there', () => {
  jest.useFakeTimers();
  const lines: string[] = [];
  const log = new StatsLog(1000, (line) => lines.push(line));
  const [a, b] = [() => 'a', () => 'b'];
  log.add(a);
  jest.advanceTimersByTime(999);
  expect(lines).toEqual([]);
  log.add(b);
  jest.advanceTimersByTime(1001);
  log.remove(a);
  jest.advanceTimersByTime(1000);
  expect(lines).toEqual(['a', 'b', 'a', 'b', 'b']);
  log.remove(b);
  expect(jest.getTimerCount()).toBe(0);
});

test.each([0.02, 0])(
  'a client with an interval of %s s logs what its producers and consumers did, or nothing',
  async (seconds) => {
    const broker = await startScriptedBroker({
      SEND: ({ producerId, sequenceId, numMessages }, peer) => {
        const messageId = { ledgerId: 1, entryId: sequenceId };
        peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId });
        for (const { consumerId } of broker.of('SUBSCRIBE'))
          peer.deliver({ consumerId, messageId }, {}, Buffer.from('four'));
        expect(numMessages ?? 1).toBe(1);
      },
    });
    const lines: string[] = [];
    const log = (level: number, _file: string, _line: number, text: string) => {
      if (level === LogLevel.INFO) lines.push(text);
    };
    const client = new Client({ serviceUrl: broker.serviceUrl, statsIntervalInSeconds: seconds, log });
    const consumer = await client.subscribe({ topic: 't', subscription: 's' });
    const producer = await client.createProducer({ topic: 't', producerName: 'p', batchingEnabled: false });
    for (let i = 0; i < 3; i++) {
      await producer.send({ data: Buffer.from('four') });
      await consumer.acknowledge(await consumer.receive(10_000));
    }
    const sent = 'Producer [persistent://public/default/t, p] , ProducerStatsImpl';
    const received = 'Consumer [persistent://public/default/t, s, 1] , ConsumerStatsImpl';
    if (seconds > 0) {
      const last = (start: string) => lines.findLast((line) => line.startsWith(start)) ?? '';
      const isTold = () =>
        last(sent).includes('totalMsgsSent_ = 3, totalBytesSent_ = 12, totalAcksReceived_ = 3') &&
        last(received).includes('totalNumBytesRecieved_ = 12') &&
        last(received).includes('totalAckedMsgMap_ = {[Key: {Result: Ok, ackType: 0}, Value: 3], }');
      while (!isTold()) await new Promise((resolve) => setImmediate(resolve));
    }
    await client.close();
    await broker.stop();
    if (seconds === 0) expect(lines).toEqual([]);
  },
);

test('messages that fail are counted by the result that their sender was told', async () => {
  const broker = await startScriptedBroker();
  const lines: string[] = [];
  const log = (_level: number, _file: string, _line: number, text: string) => lines.push(text);
  const client = new Client({ serviceUrl: broker.serviceUrl, statsIntervalInSeconds: 0.02, log });
  const producer = await client.createProducer({ topic: 't', sendTimeoutMs: 20 });
  const sends = [1, 2].map(() => producer.send({ data: Buffer.from('x') }));
  expect((await Promise.allSettled(sends)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  while (!lines.some((line) => line.includes('totalSendMap_ = {[Key: TimeOut, Value: 2], }')))
    await new Promise((resolve) => setImmediate(resolve));
  await client.close();
  await broker.stop();
});
