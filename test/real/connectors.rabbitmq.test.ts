import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { Options } from 'amqplib';
import { rabbitmqSink } from '../../src/connectors/rabbitmq/sink.ts';
import { rabbitmqSource } from '../../src/connectors/rabbitmq/source.ts';
import type { OpenQueueSource, QueueMessage } from '../../src/core/connector-type.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { startCutProxy } from '../connectors/cut-proxy.ts';
import { configOf, context } from '../connectors/open.ts';
import { rabbitmqConfigs, rabbitmqQueue } from '../connectors/rabbitmq-queue.ts';
import { queueSourceContract } from '../contracts/queue-source.ts';
import { type SinkHarness, sinkContract, sinkRecord } from '../contracts/sink.ts';
import { sinkOutageContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { code, codes } from '../kit/failures.ts';
import { describeReal, useRabbitmq } from '../services/index.ts';

const running = () => new AbortController().signal;
const put = (n: number, text: string, more: Partial<SinkRecord> = {}) =>
  sinkRecord(n, { bytes: Buffer.from(text), ...more });
const texts = (messages: readonly QueueMessage[]) => messages.map(({ record }) => String(record.value));
const receipts = (messages: readonly QueueMessage[]) => messages.map(({ receipt }) => receipt);
const times = (count: number) => Array.from({ length: count }, (_, n) => `m${n}`);

/** What comes with the first messages is chance: receives until `count` came. */
const receive = async (source: OpenQueueSource, count: number): Promise<QueueMessage[]> => {
  const found: QueueMessage[] = [];
  while (found.length < count) found.push(...(await source.receive(100, 10_000, running())));
  return found;
};

type More = Record<string, unknown>;

describeReal('RabbitMQ on a real server', ['rabbitmq'], () => {
  const fresh = (options?: Options.AssertQueue) => rabbitmqQueue(useRabbitmq(), options);
  const openSource = (queueName: string, more: More = {}) =>
    rabbitmqSource.open(
      configOf(rabbitmqSource, { ...rabbitmqConfigs(useRabbitmq()), queueName, ...more }),
      context(),
    ) as Promise<OpenQueueSource>;
  /** Through the default exchange into one queue. */
  const openSink = (routingKey: string, more: More = {}) =>
    rabbitmqSink.open(
      configOf(rabbitmqSink, { ...rabbitmqConfigs(useRabbitmq()), exchangeName: '', routingKey, ...more }),
      context(),
    );

  /** The last text of each key that came out of the queue, without those that a tombstone ended. */
  const harness = async (more: More = {}): Promise<SinkHarness> => {
    const of = await fresh();
    const seen = new Map<string, string>();
    return {
      open: () => openSink(of.queue, { keyHeader: 'key', ...more }),
      record: (n, key, text) => put(n, text, { key }),
      poison: (n) => put(n, 'sekrit', { key: 'poison', properties: { routingKey: 'nobody' } }),
      tombstone: (n, key) => sinkRecord(n, { key }),
      contents: async () => {
        for (const { content, properties } of await of.takeAll()) {
          const { key, 'pulsar-io.encoding': encoding } = properties.headers as Record<string, string>;
          if (encoding === 'null') seen.delete(key as string);
          else seen.set(key as string, content.toString());
        }
        return Object.fromEntries(seen);
      },
      dispose: () => of[Symbol.asyncDispose](),
    };
  };
  sinkContract('rabbitmq', harness);
  sinkOutageContract('rabbitmq', async () => {
    const { host, port } = useRabbitmq();
    const proxy = await startCutProxy(host, port);
    const target = await harness({ port: proxy.port });
    const dispose = async () => {
      await proxy.close();
      await target.dispose();
    };
    return { ...target, outage: proxy.cut, dispose };
  });
  const json = (text: string) => ({ given: text, expected: text });
  sinkValuesContract(
    'rabbitmq',
    async () => {
      const of = await fresh();
      return {
        open: () => openSink(of.queue),
        record: (n, _, value) => sinkRecord(n, { bytes: Buffer.from(value as string) }),
        read: async (kind) => {
          const [content] = (await of.takeAll()).map((it) => it.content);
          return kind === 'binary' ? content : content?.toString();
        },
        dispose: () => of[Symbol.asyncDispose](),
      };
    },
    {
      binary: { given: Buffer.from([0, 255, 128]), expected: Buffer.from([0, 255, 128]) },
      boolean: json('true'),
      'integer beyond 2^53': json('{"n":9007199254740993}'),
      decimal: json('{"n":0.10000000000000000001}'),
      date: json('{"d":"2024-02-29"}'),
      timestamp: json('{"t":1700000000000}'),
      'null field': json('{"n":null}'),
      nested: json('{"a":{"b":[1,{"c":2}]}}'),
    },
  );
  for (const type of ['classic', 'quorum'])
    queueSourceContract(`rabbitmq, ${type} queue`, async () => {
      const of = await fresh({ arguments: { 'x-queue-type': type } });
      return {
        open: () => openSource(of.queue),
        send: (bodies) => of.send(bodies),
        dispose: () => of[Symbol.asyncDispose](),
      };
    });

  test('the sink sends key, properties, id and time, and the source gives them as they were', async () => {
    await using of = await fresh();
    const sink = await openSink('unused', { keyHeader: 'k' });
    const record = put(1, 'ü', {
      key: 'ключ',
      eventTimeMs: 1_700_000_001_000,
      properties: { a: '1', routingKey: of.queue },
    });
    expect(sink.describe?.(record, running())).toMatchObject({ exchange: '', routingKey: of.queue, bytes: 2 });
    await sink.write(
      [
        record,
        sinkRecord(2, { properties: { routingKey: of.queue } }),
        put(3, '', { properties: { routingKey: of.queue } }),
      ],
      running(),
    );
    await sink.close();
    const source = await openSource(of.queue);
    const found = await receive(source, 3);
    const id = 'persistent://public/default/in 7:1';
    expect(found[0]).toMatchObject({
      id,
      record: {
        key: of.queue,
        value: Buffer.from('ü'),
        eventTimeMs: 1_700_000_001_000,
        properties: { a: '1', k: 'ключ', 'rabbitmq.message-id': id },
      },
    });
    expect(found.slice(1).map(({ record: { value } }) => value)).toEqual([null, Buffer.alloc(0)]);
    await source.close();
  });

  test('the sink rejects what no queue gets, what is too long for a field, and what is too large, and writes the others', async () => {
    await using of = await fresh();
    const sink = await openSink(of.queue, { maxMessageBytes: 1_000 });
    const records = [
      put(1, 'a'),
      put(2, 'b', { properties: { routingKey: 'nobody' } }),
      put(3, 'c', { properties: { routingKey: 'ä'.repeat(200) } }),
      put(4, 'd', { properties: { [`n${'x'.repeat(255)}`]: '' } }),
      put(5, 'e', { properties: { large: 'x'.repeat(70_000) } }),
      put(6, 'x'.repeat(1_001)),
      put(7, 'g'),
    ];
    expect(codes(await sink.write(records, running()))).toEqual([
      'ok',
      'PIO_SINK_REJECTED',
      'PIO_SINK_REJECTED',
      'PIO_SINK_REJECTED',
      'PIO_RECORD_TOO_LARGE',
      'PIO_RECORD_TOO_LARGE',
      'ok',
    ]);
    expect((await of.takeAll()).map(({ content }) => content.toString())).toEqual(['a', 'g']);
    await sink.close();
    const careless = await openSink('nobody', { mandatory: false });
    expect(codes(await careless.write([put(1, 'a')], running()))).toEqual(['ok']);
    await careless.close();
  });

  test('the sink rejects a message over the limit of the server, keeps the others for a new attempt, and ends this one', async () => {
    await using of = await fresh();
    const sink = await openSink(of.queue);
    const records = [put(1, 'a'), put(2, 'x'.repeat(2_000_001)), put(3, 'c')];
    const results = codes(await sink.write(records, running()));
    expect(results.slice(1)).toEqual(['PIO_RECORD_TOO_LARGE', 'PIO_SINK_UNAVAILABLE']);
    await expect(sink.write([put(3, 'c')], running())).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', '2000000'));
    await sink.close();
  });

  test('the sink retries what a full queue refuses', async () => {
    await using of = await fresh({ maxLength: 1, overflow: 'reject-publish' });
    const sink = await openSink(of.queue);
    expect(codes(await sink.write([put(1, 'a')], running()))).toEqual(['ok']);
    expect(codes(await sink.write([put(2, 'b')], running()))).toEqual(['PIO_SINK_UNAVAILABLE']);
    await of.takeAll();
    expect(codes(await sink.write([put(2, 'b')], running()))).toEqual(['ok']);
    await sink.close();
  });

  test('the sink says which exchange is missing, at open and when it is deleted meanwhile', async () => {
    await using of = await fresh();
    await expect(openSink('q', { exchangeName: 'no-such-exchange' })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', 'no-such-exchange'),
    );
    await expect(openSink('q', { queueName: 'no-such-queue' })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', 'no-such-queue'),
    );
    const exchangeName = `x-${of.queue}`;
    await of.channel.assertExchange(exchangeName, 'topic');
    await of.channel.bindQueue(of.queue, exchangeName, 'a.#');
    const sink = await openSink('a.b', { exchangeName, exchangeType: 'topic', queueName: of.queue });
    expect(codes(await sink.write([put(1, 'a')], running()))).toEqual(['ok']);
    await of.channel.deleteExchange(exchangeName);
    expect(codes(await sink.write([put(2, 'sekrit')], running()))).toEqual(['PIO_SINK_MISCONFIGURED']);
    await expect(sink.write([put(2, 'b')], running())).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', exchangeName));
    await sink.close();
    expect((await of.takeAll()).map(({ content }) => content.toString())).toEqual(['a']);
  });

  test('both say what is wrong with credentials, virtual host, address and TLS, and tell no password', async () => {
    await using of = await fresh();
    const { tlsPort, certificatePath } = useRabbitmq();
    const caCertificate = readFileSync(certificatePath, 'utf8');
    const tls = { host: 'localhost', port: tlsPort, tls: true };
    for (const [side, open] of [
      ['SOURCE', openSource],
      ['SINK', openSink],
    ] as const) {
      const refusal = async (more: More): Promise<Error> => {
        const error = await open(of.queue, more).catch((it: unknown) => it);
        for (let it = error; it instanceof Error; it = it.cause) expect(it.message).not.toContain('sekrit');
        return error as Error;
      };
      expect(await refusal({ password: 'sekrit' })).toEqual(code(`PIO_${side}_MISCONFIGURED`, 'ACCESS'));
      expect(await refusal({ virtualHost: 'no/such' })).toEqual(code(`PIO_${side}_MISCONFIGURED`, 'no/such'));
      expect(await refusal({ port: 1 })).toEqual(code(`PIO_${side}_UNAVAILABLE`, '127.0.0.1:1'));
      expect(await refusal(tls)).toEqual(code(`PIO_${side}_MISCONFIGURED`, 'certificate'));
      expect(await refusal({ port: tlsPort, connectionTimeout: 300, handshakeTimeout: 300 })).toEqual(
        code(`PIO_${side}_UNAVAILABLE`),
      );
      await (await open(of.queue, { ...tls, caCertificate })).close();
    }
  });

  test('the source says which queue is missing, and that it was deleted', async () => {
    await expect(openSource('no-such-queue')).rejects.toEqual(code('PIO_SOURCE_MISCONFIGURED', 'no-such-queue'));
    const of = await fresh();
    const source = await openSource(of.queue);
    expect(await source.receive(1, 0, running())).toEqual([]);
    await of.remove();
    await expect(source.receive(1, 5_000, running())).rejects.toEqual(code('PIO_SOURCE_MISCONFIGURED', of.queue));
    await source.close();
    await of.channel.assertQueue(of.queue);
    await of[Symbol.asyncDispose]();
  });

  test('the source holds no more than prefetchCount, and goes on behind what was left unsettled', async () => {
    await using of = await fresh();
    await of.send(times(10));
    const source = await openSource(of.queue, { prefetchCount: 3 });
    expect(texts(await receive(source, 3))).toEqual(['m0', 'm1', 'm2']);
    expect(await of.count()).toBe(7);
    const next = await receive(source, 3);
    expect(texts(next)).toEqual(['m3', 'm4', 'm5']);
    await source.settle(receipts(next), running());
    await source.close();
    expect((await of.takeAll()).map(({ content }) => content.toString()).toSorted()).toEqual([
      'm0',
      'm1',
      'm2',
      'm6',
      'm7',
      'm8',
      'm9',
    ]);
  });

  test('the source fails to receive and to settle when its connection broke, and another gets it all again', async () => {
    await using of = await fresh();
    const { host, port } = useRabbitmq();
    const proxy = await startCutProxy(host, port);
    await of.send(times(4));
    const source = await openSource(of.queue, { port: proxy.port });
    const first = await source.receive(2, 2_000, running());
    await proxy.cut();
    const untilSeen = async () => {
      for (;;) await source.receive(1, 100, running());
    };
    await expect(untilSeen()).rejects.toEqual(code('PIO_SOURCE_UNAVAILABLE', of.queue));
    await expect(source.settle(receipts(first), running())).rejects.toEqual(code('PIO_SOURCE_UNAVAILABLE', of.queue));
    await source.close();
    await proxy.close();
    const successor = await openSource(of.queue);
    const again: QueueMessage[] = [];
    while (again.length < 4) again.push(...(await successor.receive(4, 2_000, running())));
    expect(texts(again).toSorted()).toEqual(times(4));
    expect(again.map(({ id }) => id).toSorted()).toEqual(['0', '1', '2', '3']);
    await successor.close();
  });

  test('the source gives a message without id none', async () => {
    await using of = await fresh();
    of.channel.sendToQueue(of.queue, Buffer.from('a'), { headers: { n: 1, list: [1], yes: true } });
    const source = await openSource(of.queue);
    const [message] = await source.receive(1, 2_000, running());
    expect(message).toMatchObject({ id: undefined, record: { properties: { n: '1', yes: 'true' } } });
    await source.close();
  });
});
