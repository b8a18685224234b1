import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { type KafkaTopic, kafkaHarness, kafkaTopic } from '../connectors/kafka-log.ts';
import { readAll, sourceContract, textOf } from '../contracts/source.ts';
import { code } from '../kit/failures.ts';
import { describeReal, useKafka } from '../services/index.ts';

const running = () => new AbortController().signal;

describeReal('the kafka source on a real server', ['kafka'], () => {
  const topics: KafkaTopic[] = [];
  const topic = async (partitions?: number) => {
    const made = await kafkaTopic(useKafka(), partitions);
    topics.push(made);
    return made;
  };
  afterEach(async () => {
    for (const made of topics.splice(0)) await made.dispose();
  });
  const read = async (of: KafkaTopic, more = {}, from?: Record<string, unknown>) => {
    const source = await of.open(more);
    try {
      return await readAll(source, `${of.name}-0`, from);
    } finally {
      await source.close();
    }
  };

  sourceContract('kafka', () => kafkaHarness(useKafka()));

  test('gives key, value, time and place of records, of every partition', async () => {
    const of = await topic(3);
    const timestamp = '1700000000123';
    const headers = { trace: Buffer.from([0, 255]), empty: '' };
    await of.put([{ key: 'k ž', value: Buffer.from([0, 255, 10]), headers, timestamp }], 2);
    await of.put(
      [
        { key: null, value: '' },
        { key: 'gone', value: null },
      ],
      2,
    );
    const source = await of.open({ copyHeadersEnabled: true });
    const names = [0, 1, 2].map((n) => `${of.name}-${n}`);
    expect(await source.partitions(running())).toEqual(names);
    expect(await readAll(source, `${of.name}-0`)).toEqual([]);
    const [first, second, third] = await readAll(source, `${of.name}-2`);
    const place = { __kafka_topic: of.name, __kafka_partition: '2', __kafka_offset: '0' };
    expect(first).toMatchObject({
      ...{ key: 'k ž', value: Buffer.from([0, 255, 10]), eventTimeMs: 1_700_000_000_123, sequence: 0 },
      properties: { ...place, trace: 'AP8=', empty: '' },
    });
    expect(second).toMatchObject({ value: Buffer.alloc(0), sequence: 1 });
    expect(second?.key).toBeUndefined();
    expect(third).toMatchObject({ key: 'gone', value: null, sequence: 2 });
    await source.close();
    const plain = await of.open();
    expect((await readAll(plain, `${of.name}-2`))[0]?.properties).toBeUndefined();
    await plain.close();
  });

  test.each(['gzip', 'none'])('reads thousands of records, compressed as %s, in pages', async (compression) => {
    const of = await topic();
    const texts = Array.from({ length: 5_000 }, (_, n) => `${n} ${'x'.repeat(100)}`);
    await of.put(texts, 0, compression === 'gzip' ? 1 : 0);
    expect((await read(of)).map(textOf)).toEqual(texts);
  });

  test('gives what transactions committed, in the log’s order, and nothing of what they aborted', async () => {
    const of = await topic();
    await of.put(['plain']);
    await of.transact(['aborted', 'aborted too'], 'abort');
    await of.transact(['committed'], 'commit');
    await of.put(['after']);
    const committed = await read(of);
    expect(committed.map(textOf)).toEqual(['plain', 'committed', 'after']);
    // Markers lie between, some of them written after the answer.
    expect(committed.at(-1)?.sequence).toBeGreaterThan(4);
    for (const [index, { position }] of committed.entries())
      expect((await read(of, {}, position)).map(textOf)).toEqual(['plain', 'committed', 'after'].slice(index + 1));
    const all = await read(of, { consumerConfigProperties: { 'isolation.level': 'read_uncommitted' } });
    expect(all.map(textOf)).toEqual(['plain', 'aborted', 'aborted too', 'committed', 'after']);
  });

  test('waits at the first record of an open transaction, and goes on when it has ended', async () => {
    const of = await topic();
    await of.put(['before']);
    const end = await of.begin(['open']);
    await of.put(['behind']);
    expect((await read(of)).map(textOf)).toEqual(['before']);
    await end('commit');
    expect((await read(of)).map(textOf)).toEqual(['before', 'open', 'behind']);
  });

  test('begins with latest at what came since the connector was created, and pins it', async () => {
    const of = await topic();
    const at = (ms: number) => ({ value: `at ${ms}`, timestamp: String(ms) });
    await of.put([at(1_000), at(2_000), at(3_000)]);
    const open = (createdAtMs: number) => of.open({ autoOffsetReset: 'latest' }, { createdAtMs });
    for (const [createdAtMs, offset] of [
      [2_000, 1],
      [2_500, 2],
      [3_001, 3],
    ] as const) {
      const source = await open(createdAtMs);
      expect(await source.begin?.(`${of.name}-0`, running())).toMatchObject({ offset });
      expect((await readAll(source, `${of.name}-0`)).map(({ sequence }) => sequence)).toEqual(
        [1, 2].filter((it) => it >= offset),
      );
      await source.close();
    }
  });

  test('does as autoOffsetReset says where records are no longer kept', async () => {
    const of = await topic();
    await of.put(['a', 'b', 'c', 'd']);
    const [first] = await read(of);
    await of.truncate(3);
    expect((await read(of, {}, first?.position)).map(({ sequence }) => sequence)).toEqual([3]);
    expect(await read(of, { autoOffsetReset: 'latest' }, first?.position)).toEqual([]);
    await expect(read(of, { autoOffsetReset: 'none' }, first?.position)).rejects.toEqual(
      code('PIO_SOURCE_CHANGED', 'begins at offset 3: records from offset 1 on are no longer kept'),
    );
    await expect(read(of, { autoOffsetReset: 'none' })).rejects.toEqual(code('PIO_SOURCE_MISCONFIGURED'));
  });

  test('stops when the topic is another one of the same name, or ends before the position', async () => {
    const of = await topic();
    await of.put(['a', 'b']);
    const [first, second] = await read(of);
    await expect(read(of, {}, { ...second?.position, offset: 9 })).rejects.toEqual(
      code('PIO_SOURCE_CHANGED', 'ends at offset 2, before offset 9'),
    );
    await of.recreate();
    await of.put(['c', 'd', 'e']);
    await expect(read(of, {}, first?.position)).rejects.toEqual(
      code('PIO_SOURCE_CHANGED', 'deleted and created again'),
    );
  });

  const opening = async (more: Record<string, unknown>) => {
    const of = await topic();
    await of.put(['a']);
    return read(of, more);
  };
  const jaas = (user: string, password: string) =>
    `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user}" password="${password}";`;
  const sasl = (user: string, password = useKafka().password) => ({
    ...{ bootstrapServers: useKafka().saslServers, securityProtocol: 'SASL_PLAINTEXT', saslMechanism: 'PLAIN' },
    saslJaasConfig: jaas(user, password),
  });

  test('reads with user and password, or says PIO_SOURCE_MISCONFIGURED of wrong ones, and of a missing right', async () => {
    expect((await opening(sasl('admin'))).map(textOf)).toEqual(['a']);
    const misconfigured = (text: string) => code('PIO_SOURCE_MISCONFIGURED', text);
    await expect(opening(sasl('admin', 'sekrit'))).rejects.toEqual(misconfigured('SASL_AUTHENTICATION_FAILED'));
    await expect(opening(sasl('guest'))).rejects.toEqual(misconfigured('TOPIC_AUTHORIZATION_FAILED'));
    const { saslServers, bootstrapServers } = useKafka();
    await expect(opening({ bootstrapServers: saslServers })).rejects.toEqual(
      code('PIO_SOURCE_UNAVAILABLE', 'wants TLS or SASL there'),
    );
    await expect(opening({ ...sasl('admin'), bootstrapServers })).rejects.toEqual(misconfigured('SASL'));
  });

  test('checks the server’s certificate, and says PIO_SOURCE_MISCONFIGURED where one side has no TLS', async () => {
    const { tlsServers, certificatePath, bootstrapServers } = useKafka();
    const caCertificate = readFileSync(certificatePath, 'utf8');
    const tls = { bootstrapServers: tlsServers, securityProtocol: 'SSL', caCertificate };
    expect((await opening(tls)).map(textOf)).toEqual(['a']);
    const wrong = [
      { ...tls, caCertificate: undefined },
      { ...tls, bootstrapServers: tlsServers.replace('localhost', '127.0.0.1') },
      { ...tls, bootstrapServers },
      { bootstrapServers: tlsServers },
    ];
    for (const more of wrong) await expect(opening(more)).rejects.toEqual(code('PIO_SOURCE_MISCONFIGURED'));
  });

  test('says what is wrong with a topic that is not there, or a server that does not answer', async () => {
    await expect(opening({ topic: 'nosuch' })).rejects.toEqual(
      code('PIO_SOURCE_MISCONFIGURED', 'there is no Kafka topic nosuch'),
    );
    await expect(opening({ bootstrapServers: '127.0.0.1:1' })).rejects.toEqual(
      code('PIO_SOURCE_UNAVAILABLE', '127.0.0.1:1'),
    );
    const { bootstrapServers } = useKafka();
    expect((await opening({ bootstrapServers: `127.0.0.1:1,${bootstrapServers}` })).map(textOf)).toEqual(['a']);
  });
});
