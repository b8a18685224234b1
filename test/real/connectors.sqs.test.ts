import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sqsSink } from '../../src/connectors/sqs/sink.ts';
import { sqsSource } from '../../src/connectors/sqs/source.ts';
import type { QueueMessage } from '../../src/core/connector-type.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { startCutProxy } from '../connectors/cut-proxy.ts';
import { configOf, context } from '../connectors/open.ts';
import { queueSourceContract } from '../contracts/queue-source.ts';
import { type SinkHarness, sinkContract, sinkRecord } from '../contracts/sink.ts';
import { sinkOutageContract } from '../contracts/sink-trouble.ts';
import { sqsClient, sqsConfigs } from '../e2e/sqs-input.ts';
import { code } from '../kit/failures.ts';
import { describeReal, useElasticmq } from '../services/index.ts';

const running = () => new AbortController().signal;

describeReal('SQS on a real server', ['elasticmq'], () => {
  let client: SQSClient;
  beforeAll(() => {
    client = sqsClient(useElasticmq());
  });
  afterAll(() => client.destroy());

  const newQueue = async (attributes: Record<string, string> = {}) => {
    const name = `q-${randomUUID()}${attributes.FifoQueue ? '.fifo' : ''}`;
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    return { name, url: QueueUrl ?? '' };
  };
  const configsOf = (name: string, more: Record<string, unknown> = {}) => ({
    ...sqsConfigs(useElasticmq(), name),
    ...more,
  });
  const openSource = (name: string, more: Record<string, unknown> = {}) =>
    sqsSource.open(configOf(sqsSource, configsOf(name, more)), context());
  const openSink = (name: string, more: Record<string, unknown> = {}) =>
    sqsSink.open(configOf(sqsSink, configsOf(name, more)), context());
  const send = async (url: string, entries: readonly Omit<SendMessageBatchRequestEntry, 'Id'>[]) => {
    for (let from = 0; from < entries.length; from += 10) {
      const Entries = entries.slice(from, from + 10).map((entry, at) => ({ Id: String(at), ...entry }));
      await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    }
  };
  /** Takes everything out of a queue. */
  const takeAll = async (url: string): Promise<Message[]> => {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
        }),
      );
      if (Messages.length === 0) return all;
      all.push(...Messages);
      for (const { ReceiptHandle } of Messages)
        await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
    }
  };

  /** A FIFO queue seen through what it gave out: the last text of each key, without those that a tombstone ended. */
  const harness = async (): Promise<SinkHarness> => {
    const { name, url } = await newQueue({ FifoQueue: 'true' });
    const seen = new Map<string, string>();
    const record = (n: number, key: string, bytes: Buffer | null): SinkRecord =>
      sinkRecord(n, { key, bytes, value: bytes });
    return {
      open: () => openSink(name, { keyAttribute: 'key' }),
      record: (n, key, text) => record(n, key, Buffer.from(text)),
      poison: (n) => record(n, 'poison', Buffer.from(`sekrit${'x'.repeat(1024 * 1024)}`)),
      tombstone: (n, key) => record(n, key, null),
      contents: async () => {
        for (const { Body = '', MessageAttributes = {} } of await takeAll(url)) {
          const key = MessageAttributes.key?.StringValue ?? '';
          const encoding = MessageAttributes['pulsar-io.encoding']?.StringValue;
          if (encoding === 'null') seen.delete(key);
          else seen.set(key, encoding === 'base64' ? Buffer.from(Body, 'base64').toString() : Body);
        }
        return Object.fromEntries(seen);
      },
      dispose: async () => void (await client.send(new DeleteQueueCommand({ QueueUrl: url }))),
    };
  };
  sinkContract('sqs, FIFO queue', harness);
  sinkOutageContract('sqs, FIFO queue', async () => {
    const { hostname, port } = new URL(useElasticmq().endpoint);
    const proxy = await startCutProxy(hostname, Number(port));
    const { name, url } = await newQueue({ FifoQueue: 'true' });
    const contents = async () =>
      Object.fromEntries(
        (await takeAll(url)).map(({ Body, MessageAttributes }) => [MessageAttributes?.key?.StringValue, Body]),
      );
    return {
      ...(await harness()),
      open: () => openSink(name, { keyAttribute: 'key', awsEndpoint: `http://127.0.0.1:${proxy.port}` }),
      contents,
      outage: proxy.cut,
      dispose: proxy.close,
    };
  });
  for (const FifoQueue of ['', 'true'])
    queueSourceContract(FifoQueue ? 'sqs, FIFO queue' : 'sqs', async () => {
      const { name, url } = await newQueue(FifoQueue ? { FifoQueue } : {});
      const groupOf = (text: string) =>
        FifoQueue
          ? { MessageGroupId: Buffer.from(text).toString('hex', 0, 9), MessageDeduplicationId: randomUUID() }
          : {};
      return {
        open: () => openSource(name, { visibilityTimeoutSeconds: 3 }),
        send: (texts) =>
          send(
            url,
            texts.map((text) => ({ MessageBody: text, ...groupOf(text) })),
          ),
        dispose: async () => void (await client.send(new DeleteQueueCommand({ QueueUrl: url }))),
      };
    });

  describe('the sink', () => {
    test('sends to a standard queue, with key and chosen properties as attributes', async () => {
      const { name, url } = await newQueue();
      const sink = await openSink(name, { keyAttribute: 'k', propertyAttributes: 'a, missing' });
      const bytes = Buffer.from('{"n":1}');
      const record = sinkRecord(1, { key: 'ü', bytes, properties: { a: 'b', unasked: 'c' } });
      expect(await sink.write([record], running())).toEqual([{ ok: true }]);
      await sink.close();
      const [message] = await takeAll(url);
      expect(message?.Body).toBe('{"n":1}');
      expect(Object.entries(message?.MessageAttributes ?? {}).map(([key, it]) => [key, it.StringValue])).toEqual(
        expect.arrayContaining([
          ['k', 'ü'],
          ['a', 'b'],
        ]),
      );
      expect(Object.keys(message?.MessageAttributes ?? {})).toHaveLength(2);
    });

    test('keeps the order of each message group, and drops a record that is sent again', async () => {
      const { name, url } = await newQueue({ FifoQueue: 'true' });
      const sink = await openSink(name);
      const records = Array.from({ length: 120 }, (_, n) =>
        sinkRecord(n, { key: `k${n % 7}`, bytes: Buffer.from(`${n}`) }),
      );
      await sink.write(records, running());
      await sink.write(records.slice(0, 40), running());
      await sink.close();
      const byGroup = new Map<string, number[]>();
      for (const { Body, Attributes } of await takeAll(url)) {
        const group = Attributes?.MessageGroupId ?? '';
        byGroup.set(group, [...(byGroup.get(group) ?? []), Number(Body)]);
      }
      const sorted = (numbers: number[]) => numbers.toSorted((a, b) => a - b);
      for (const numbers of byGroup.values()) expect(numbers).toEqual(sorted(numbers));
      expect(sorted([...byGroup.values()].flat())).toEqual(Array.from({ length: 120 }, (_, n) => n));
    });

    test('is read back by the source byte for byte', async () => {
      const { name } = await newQueue();
      const sink = await openSink(name);
      const values = [Buffer.from([0, 255, 128]), Buffer.from('a\u0000b'), Buffer.from(''), Buffer.from('text'), null];
      await sink.write(
        values.map((bytes, n) => sinkRecord(n, { bytes })),
        running(),
      );
      const source = await openSource(name);
      const found = await source.receive(100, 1_000, running());
      const bytesOf = ({ record: { value } }: QueueMessage) => (value === null ? null : Buffer.from(value as string));
      expect(found.map((it) => bytesOf(it)?.toString('hex') ?? null).toSorted()).toEqual(
        values.map((it) => it?.toString('hex') ?? null).toSorted(),
      );
      await Promise.all([sink.close(), source.close()]);
    });

    test('says which queue is missing, and that the server is away', async () => {
      await expect(openSink('no-such-queue')).rejects.toEqual(
        code('PIO_SINK_MISCONFIGURED', 'SQS queue no-such-queue (elasticmq)'),
      );
      await expect(openSink('q', { awsEndpoint: 'http://127.0.0.1:1' })).rejects.toEqual(
        code('PIO_SINK_UNAVAILABLE', 'SQS queue q (elasticmq)'),
      );
    });
  });

  describe('the source', () => {
    test('gives text, attributes, key, time, and the ids that are asked for', async () => {
      const { name, url } = await newQueue();
      const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
      await send(url, [
        { MessageBody: 'ünïcödé', MessageAttributes: { order: attribute('o-1'), customer: attribute('c-1') } },
        { MessageBody: 'without' },
      ]);
      const source = await openSource(name, { idFrom: 'order', keyFrom: 'customer' });
      const found = await source.receive(10, 1_000, running());
      const one = found.find(({ record }) => record.value === 'ünïcödé');
      expect(one).toMatchObject({ id: 'o-1', record: { key: 'c-1', properties: { order: 'o-1', customer: 'c-1' } } });
      expect(one?.record.eventTimeMs).toBeGreaterThan(1_700_000_000_000);
      expect(one?.record.properties?.['sqs.message-id']).toBeTruthy();
      const other = found.find(({ record }) => record.value === 'without');
      expect(other).toMatchObject({ id: undefined });
      await source.close();
    });

    test('receives more than a request gives, and settles it all', async () => {
      const { name, url } = await newQueue();
      await send(
        url,
        Array.from({ length: 95 }, (_, n) => ({ MessageBody: String(n) })),
      );
      const source = await openSource(name, { visibilityTimeoutSeconds: 20 });
      const found: QueueMessage[] = [];
      while (found.length < 95) found.push(...(await source.receive(60, 1_000, running())));
      expect(new Set(found.map(({ record }) => record.value)).size).toBe(95);
      expect(new Set(found.map(({ id }) => id)).size).toBe(95);
      await source.settle(
        found.map(({ receipt }) => receipt),
        running(),
      );
      // Again, and one that nobody knows: no failure.
      await source.settle([found[0]?.receipt ?? '', 'unknown'], running());
      await source.close();
      expect(await takeAll(url)).toEqual([]);
    });

    test('gives a message again under the same id when its time is over, and not while it is extended', async () => {
      const { name, url } = await newQueue();
      await send(url, [{ MessageBody: 'a' }]);
      const source = await openSource(name, { visibilityTimeoutSeconds: 3 });
      // ElasticMQ does not say how long it keeps messages: then it is as long as SQS may.
      expect(source).toMatchObject({ hiddenMs: 3_000, retentionMs: 14 * 86_400_000 });
      const [first] = await source.receive(10, 0, running());
      await sleep(2_000);
      await source.extend([first?.receipt ?? ''], running());
      await sleep(1_500);
      expect(await source.receive(10, 0, running())).toEqual([]);
      const again = await source.receive(10, 10_000, running());
      expect(again.map(({ id }) => id)).toEqual([first?.id]);
      await source.close();
    });

    test('keeps the order of a message group, and gives none of it while an older one is hidden', async () => {
      const { name, url } = await newQueue({ FifoQueue: 'true' });
      const entry = (n: number, group: string) => ({
        MessageBody: `${group}${n}`,
        MessageGroupId: group,
        MessageDeduplicationId: `${group}${n}`,
      });
      await send(url, [0, 1, 2].map((n) => entry(n, 'a')).concat([0, 1].map((n) => entry(n, 'b'))));
      const source = await openSource(name, { visibilityTimeoutSeconds: 30 });
      const [first] = await source.receive(1, 1_000, running());
      const group = first?.record.key ?? '';
      const rest = await source.receive(10, 0, running());
      expect(rest.every(({ record }) => record.key !== group)).toBe(true);
      await source.settle([first?.receipt ?? ''], running());
      const next = await source.receive(10, 1_000, running());
      const expected = [0, 1, 2].map((n) => `${group}${n}`).slice(1, group === 'a' ? 3 : 2);
      expect(next.map(({ record }) => record.value)).toEqual(expected);
      await source.close();
    });

    test('says which queue is missing, and that the server is away or goes away', async () => {
      await expect(openSource('no-such-queue')).rejects.toEqual(
        code('PIO_SOURCE_MISCONFIGURED', 'SQS queue no-such-queue (elasticmq)'),
      );
      await expect(openSource('q', { awsEndpoint: 'http://127.0.0.1:1' })).rejects.toEqual(
        code('PIO_SOURCE_UNAVAILABLE', 'SQS queue q (elasticmq)'),
      );
      const { name, url } = await newQueue();
      const source = await openSource(name);
      await client.send(new DeleteQueueCommand({ QueueUrl: url }));
      await expect(source.receive(1, 0, running())).rejects.toEqual(code('PIO_SOURCE_MISCONFIGURED', name));
      await expect(source.receive(1, 0, AbortSignal.abort())).rejects.toEqual(code('PIO_ABORTED'));
      await source.close();
      await source.close();
    });
  });
});
