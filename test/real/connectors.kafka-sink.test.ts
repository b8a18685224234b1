import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { FRONTIER_START } from '../../src/core/frontier.ts';
import type { RecordResult } from '../../src/core/record.ts';
import {
  type KafkaTarget,
  kafkaRecord,
  kafkaRoutedHarness,
  kafkaSinkHarness,
  kafkaTarget,
  kafkaValuesHarness,
} from '../connectors/kafka-target.ts';
import { routedSinkContract } from '../contracts/routed-sink.ts';
import { sinkContract, sinkRecord, transactionalSinkContract } from '../contracts/sink.ts';
import { sinkValuesContract } from '../contracts/sink-trouble.ts';
import { textOf } from '../contracts/source.ts';
import { code } from '../kit/failures.ts';
import { describeReal, useKafka } from '../services/index.ts';

const running = () => new AbortController().signal;
const oks = (results: readonly RecordResult[]) => results.map(({ ok }) => ok);
const AS_IT_IS = 'the payload is written as it is';

describeReal('the kafka sink on a real server', ['kafka'], () => {
  sinkContract('kafka', () => kafkaSinkHarness(useKafka()));
  transactionalSinkContract('kafka', () => kafkaSinkHarness(useKafka()));
  routedSinkContract('kafka', () => kafkaRoutedHarness(useKafka()));
  sinkValuesContract('kafka', () => kafkaValuesHarness(useKafka()), {
    binary: { given: Buffer.of(0, 255, 10), expected: Buffer.of(0, 255, 10) },
    boolean: AS_IT_IS,
    'integer beyond 2^53': AS_IT_IS,
    decimal: AS_IT_IS,
    date: AS_IT_IS,
    timestamp: AS_IT_IS,
    'null field': AS_IT_IS,
    nested: AS_IT_IS,
  });

  const targets: KafkaTarget[] = [];
  const target = async (settings?: Record<string, string>, partitions?: number) => {
    const made = await kafkaTarget(useKafka(), settings, partitions);
    targets.push(made);
    return made;
  };
  afterEach(async () => {
    for (const made of targets.splice(0)) await made.topic.dispose();
  });
  const [topic, token] = ['persistent://public/default/in', { generation: 1, epoch: 1 }];
  const at = (n: number) => ({ ledgerId: 7, entryId: n, batchIndex: -1, version: n });

  test('chooses the partition of a key as Kafka’s own clients do, and writes properties as headers when asked to', async () => {
    const of = await target({}, 7);
    const keys = Array.from({ length: 40 }, (_, n) => `${'k'.repeat(n % 9)}ž${n}`);
    await of.topic.putKeys(keys);
    const sink = await of.open({ copyPropertiesEnabled: true });
    const records = keys.map((key, n) => ({ ...kafkaRecord(n, key, 'ours'), properties: { at: `${n}` } }));
    expect(oks(await sink.write(records, running())).every(Boolean)).toBe(true);
    await sink.close();
    for (const partition of Array.from({ length: 7 }, (_, n) => n)) {
      const found = await of.records(partition);
      const keysOf = (text: string) => found.filter((it) => textOf(it) === text).map(({ key }) => key);
      expect(keysOf('ours')).toEqual(keysOf('theirs'));
      for (const { key, properties } of found.filter((it) => textOf(it) === 'ours'))
        expect(properties?.at).toBe(Buffer.from(`${keys.indexOf(key ?? '')}`).toString('base64'));
    }
  });

  test('keeps records without key in their order, in one partition for each batch', async () => {
    const of = await target({}, 3);
    const sink = await of.open();
    const batch = (from: number) =>
      Array.from({ length: 5 }, (_, n) => kafkaRecord(from + n, undefined, `${from + n}`));
    await sink.write(batch(0), running());
    await sink.write(batch(10), running());
    await sink.close();
    const all = await Promise.all([0, 1, 2].map((partition) => of.records(partition)));
    const found = all.map((records) => records.map((it) => Number(textOf(it))));
    expect(found.filter(({ length }) => length > 0)).toHaveLength(2);
    for (const numbers of found) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'writes 4,000 records once each, with compression %s',
    async (it) => {
      const of = await target({}, 2);
      const sink = await of.open({ producerConfigProperties: { 'compression.type': it } });
      const records = Array.from({ length: 4_000 }, (_, n) => kafkaRecord(n, `k${n}`, `value ${n} ${'x'.repeat(60)}`));
      const startedAtMs = performance.now();
      for (let from = 0; from < records.length; from += 1_000)
        expect(oks(await sink.write(records.slice(from, from + 1_000), running())).every(Boolean)).toBe(true);
      if (process.env.PIO_FIGURES)
        process.stderr.write(`kafka, ${it}: ${Math.round(4_000_000 / (performance.now() - startedAtMs))} records/s\n`);
      await sink.close();
      const found = [...(await of.records(0)), ...(await of.records(1))].map(({ key }) => key);
      expect(found).toHaveLength(4_000);
      expect(new Set(found).size).toBe(4_000);
    },
  );

  test('finds the records that are too large for the server, or for maxRequestSize, and writes the others in order', async () => {
    const of = await target({ 'max.message.bytes': '20000' });
    const sizes = [100, 9_000, 9_000, 9_000, 30_000, 100, 60_000, 100];
    const records = sizes.map((size, n) => kafkaRecord(n, 'k', `sekrit ${n} ${'x'.repeat(size)}`));
    const sink = await of.open({ maxRequestSize: 50_000 });
    const results = await sink.write(records, running());
    expect(oks(results)).toEqual([true, true, true, true, false, true, false, true]);
    for (const [n, text] of [
      [4, 'MESSAGE_TOO_LARGE'],
      [6, 'more than maxRequestSize (50000)'],
    ] as const) {
      const result = results[n];
      if (!result || result.ok) continue;
      expect(result.error).toEqual(code('PIO_RECORD_TOO_LARGE', text));
      expect(result.error.message).toContain(`${topic} 7:${n}`);
      expect(result.error.message).not.toContain('sekrit');
    }
    expect((await of.records()).map((it) => textOf(it).split(' ')[1])).toEqual(['0', '1', '2', '3', '5', '7']);
    await sink.fence(topic, token, FRONTIER_START, running());
    const move = { topic, token, from: FRONTIER_START, to: at(8) };
    const again = await sink.transact(records.slice(0, 6), move, running());
    expect(again?.map((it) => it?.ok)).toEqual([undefined, undefined, undefined, undefined, false, undefined]);
    expect(await of.records()).toHaveLength(6);
    expect(await sink.transact(records.slice(0, 4), move, running())).toBeUndefined();
    expect(await of.records()).toHaveLength(10);
    await sink.close();
  });

  test('ends what a killed run left open, shows none of it, and finds its frontier behind others’ open transactions', async () => {
    const of = await target();
    const first = await of.open();
    await first.fence(topic, token, FRONTIER_START, running());
    await first.transact([kafkaRecord(1, 'a', 'one')], { topic, token, from: FRONTIER_START, to: at(1) }, running());
    // Aborted in the middle: what a kill between begin and commit leaves.
    const dying = new AbortController();
    const cut = first
      .transact([kafkaRecord(2, 'a', 'x'.repeat(500_000))], { topic, token, from: at(1), to: at(2) }, dying.signal)
      .catch((error: unknown) => error);
    setTimeout(() => dying.abort(), 8);
    await cut;
    await first.close();
    const end = await of.topic.begin([{ key: 'another', value: '{}' }], of.checkpointTopic);
    const second = await of.open();
    const newer = { generation: 1, epoch: 2 };
    const { frontier } = await second.fence(topic, newer, FRONTIER_START, running());
    const found = (await of.records()).map((it) => textOf(it).slice(0, 3));
    expect([at(1), at(2)]).toContainEqual(frontier);
    expect(found).toEqual(frontier.entryId === 1 ? ['one'] : ['one', 'xxx']);
    await second.transact([kafkaRecord(3, 'a', 'last')], { topic, token: newer, from: frontier, to: at(3) }, running());
    expect((await of.records()).map((it) => textOf(it)).at(-1)).toBe('last');
    await end('abort');
    await second.close();
  });

  test('gives the frontier of what is committed, however a fence and the transaction of an older run fall together (rule 33)', async () => {
    const of = await target();
    const seen = new Set<boolean>();
    for (let n = 1; n <= 24; n++) {
      const older = await of.open();
      const token = { generation: n, epoch: 1 };
      const { frontier: from } = await older.fence(topic, token, FRONTIER_START, running());
      const newer = await of.open();
      const writing = older
        .transact([kafkaRecord(n, 'a', `${n}`)], { topic, token, from, to: at(n) }, running())
        .catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, (n % 8) * 2));
      const { frontier } = await newer.fence(topic, { generation: n, epoch: 2 }, FRONTIER_START, running());
      const outcome = await writing;
      const isThere = (await of.records()).some((it) => textOf(it) === `${n}`);
      expect({ n, isThere }).toEqual({ n, isThere: frontier.entryId === n });
      if (outcome !== undefined) expect(outcome).toMatchObject({ disposition: 'retry' });
      else expect(isThere).toBe(true);
      seen.add(isThere);
      await Promise.all([older.close(), newer.close()]);
    }
    if (process.env.PIO_FIGURES) process.stderr.write(`kafka fences: ${[...seen].join(' and ')}\n`);
  }, 240_000);

  describe('opened with what is wrong', () => {
    const jaas = (user: string, password: string) => ({
      saslJaasConfig: `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user}" password="${password}";`,
      ...{ bootstrapServers: useKafka().saslServers, securityProtocol: 'SASL_PLAINTEXT', saslMechanism: 'PLAIN' },
    });
    const opening = async (more: Record<string, unknown>) => (await (await target()).open(more)).close();

    test('says PIO_SINK_MISCONFIGURED for credentials, rights, topic and TLS', async () => {
      const { password, tlsServers, certificatePath } = useKafka();
      const tls = { bootstrapServers: tlsServers, securityProtocol: 'SSL' };
      await opening(jaas('admin', password));
      await opening({ ...tls, caCertificate: readFileSync(certificatePath, 'utf8') });
      const cases: [Record<string, unknown>, string][] = [
        [jaas('admin', 'sekrit'), 'SASL_AUTHENTICATION_FAILED'],
        [jaas('guest', password), 'TOPIC_AUTHORIZATION_FAILED'],
        [{ topic: 'nosuch' }, 'there is no Kafka topic nosuch'],
        [tls, 'self'],
        [{ bootstrapServers: tlsServers }, 'TLS'],
      ];
      for (const [more, text] of cases)
        await expect(opening(more)).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', text));
      await expect(opening({ bootstrapServers: '127.0.0.1:1' })).rejects.toEqual(
        code('PIO_SINK_UNAVAILABLE', '127.0.0.1:1'),
      );
    });

    test('says what right is missing to write, and to make the topic of frontiers', async () => {
      const of = await target();
      await of.topic.allow('guest', 'describe', of.topic.name);
      const sink = await of.open(jaas('guest', useKafka().password));
      await expect(sink.write([kafkaRecord(1, 'a', '1')], running())).rejects.toEqual(code('PIO_SINK_MISCONFIGURED'));
      await expect(sink.fence(topic, token, FRONTIER_START, running())).rejects.toEqual(
        code('PIO_SINK_MISCONFIGURED', 'AUTHORIZATION_FAILED'),
      );
      await sink.close();
    });
  });

  test('says what it would write', async () => {
    const of = await target({}, 3);
    const sink = await of.open();
    expect(await sink.describe?.(kafkaRecord(1, 'a', '1'), running())).toMatchObject({
      topic: of.topic.name,
      key: 'a',
    });
    expect(await sink.describe?.(sinkRecord(1, { key: 'a' }), running())).toMatchObject({ bytes: null });
    await sink.close();
  });
});
