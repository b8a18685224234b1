import { randomUUID } from 'node:crypto';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { kinesisSink } from '../../src/connectors/kinesis/sink.ts';
import { startCutProxy } from '../connectors/cut-proxy.ts';
import { configOf, context } from '../connectors/open.ts';
import { type SinkHarness, sinkContract, sinkRecord } from '../contracts/sink.ts';
import { type SinkOutageHarness, sinkOutageContract } from '../contracts/sink-trouble.ts';
import { describeReal, useMoto } from '../services/index.ts';

const running = () => new AbortController().signal;
const code = (name: string) => expect.objectContaining({ code: name });

describeReal('the kinesis sink on a server that speaks its protocol', ['moto'], () => {
  let client: KinesisClient;
  beforeAll(() => {
    const { endpoint, region, credentials } = useMoto();
    client = new KinesisClient({ endpoint, region, credentials, requestHandler: new NodeHttpHandler() });
  });
  afterAll(() => client.destroy());

  const newStream = async (ShardCount = 1): Promise<string> => {
    const StreamName = `s-${randomUUID()}`;
    await client.send(new CreateStreamCommand({ StreamName, ShardCount }));
    return StreamName;
  };
  const recordsIn = async (StreamName: string): Promise<{ key: string; text: string }[]> => {
    const found: { key: string; text: string }[] = [];
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
    for (const { ShardId } of Shards) {
      const from = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
      let { ShardIterator } = await client.send(new GetShardIteratorCommand(from));
      for (let isLast = false; !isLast; ) {
        const page = await client.send(new GetRecordsCommand({ ShardIterator }));
        const { Records = [] } = page;
        found.push(
          ...Records.map(({ PartitionKey = '', Data }) => ({
            key: PartitionKey,
            text: String(Buffer.from(Data ?? [])),
          })),
        );
        ShardIterator = page.NextShardIterator;
        isLast = Records.length === 0;
      }
    }
    return found;
  };
  const open = (awsKinesisStreamName: string, more: Record<string, unknown> = {}) => {
    const { endpoint: awsEndpoint, region: awsRegion, credentials } = useMoto();
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
    const awsCredentialPluginParam = JSON.stringify({ accessKey, secretKey });
    const settings = { awsEndpoint, awsRegion, awsKinesisStreamName, awsCredentialPluginParam, ...more };
    return kinesisSink.open(configOf(kinesisSink, settings), context());
  };

  /** A stream seen through the last message of each key, without those that have no payload. */
  const harness = async (more: Record<string, unknown> = {}): Promise<SinkHarness> => {
    const stream = await newStream();
    const record = (n: number, key: string, bytes: Buffer | null) => sinkRecord(n, { key, bytes, value: bytes });
    return {
      largestText: 600_000,
      open: () => open(stream, { messageFormat: 'FULL_MESSAGE_IN_JSON', ...more }),
      record: (n, key, text) => record(n, key, Buffer.from(text)),
      poison: (n) => record(n, 'poison', Buffer.from(`sekrit${'x'.repeat(1024 * 1024)}`)),
      tombstone: (n, key) => record(n, key, null),
      contents: async () => {
        const last = new Map((await recordsIn(stream)).map(({ key, text }) => [key, JSON.parse(text).payloadBase64]));
        const there = [...last].filter(([, payload]) => payload !== undefined);
        return Object.fromEntries(there.map(([key, payload]) => [key, String(Buffer.from(payload, 'base64'))]));
      },
      dispose: async () => undefined,
    };
  };
  sinkContract('kinesis', harness);
  sinkContract('kinesis that keeps the order', () => harness({ retainOrdering: true }));
  sinkOutageContract('kinesis', async (): Promise<SinkOutageHarness> => {
    const { hostname, port } = new URL(useMoto().endpoint);
    const proxy = await startCutProxy(hostname, Number(port));
    const made = await harness({ awsEndpoint: `http://127.0.0.1:${proxy.port}` });
    return { ...made, outage: () => proxy.cut(), dispose: () => proxy.close() };
  });

  test('keeps the order of each key over more requests and shards than one', async () => {
    const stream = await newStream(3);
    const sink = await open(stream, { retainOrdering: true });
    const records = Array.from({ length: 700 }, (_, n) =>
      sinkRecord(n, { key: `k${n % 70}`, bytes: Buffer.from(`${n}`) }),
    );
    expect((await sink.write(records, running())).every(({ ok }) => ok)).toBe(true);
    const byKey = Map.groupBy(await recordsIn(stream), ({ key }) => key);
    expect(byKey.size).toBe(70);
    for (const [key, found] of byKey)
      expect(found.map(({ text }) => Number(text))).toEqual(
        Array.from({ length: 10 }, (_, i) => Number(key.slice(1)) + 70 * i),
      );
    await sink.close();
  });

  test('sends payloads as they are, and JSON with the value in it', async () => {
    const stream = await newStream();
    const records = [
      sinkRecord(1, {
        key: 'k',
        bytes: Buffer.from([0, 255]),
        value: '{"id":9007199254740993}',
        properties: { p: 'v' },
      }),
      sinkRecord(2, { bytes: Buffer.from('text'), value: 'text', eventTimeMs: 5 }),
    ];
    for (const messageFormat of ['ONLY_RAW_PAYLOAD', 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE']) {
      const sink = await open(stream, { messageFormat });
      await sink.write(records, running());
      await sink.close();
    }
    const topicName = 'persistent://public/default/in';
    const found = await recordsIn(stream);
    expect(found.map(({ key }) => key)).toEqual(['k', topicName, 'k', topicName]);
    expect(found.slice(1).map(({ text }) => text)).toEqual([
      'text',
      `{"topicName":"${topicName}","key":"k","payload":{"id":9007199254740993},"properties":{"p":"v"}}`,
      `{"topicName":"${topicName}","payload":"text","properties":{},"eventTime":5}`,
    ]);
  });

  test('says PIO_SINK_MISCONFIGURED for a stream that is not there, and PIO_SINK_UNAVAILABLE when nobody answers', async () => {
    await expect(open('nosuch')).rejects.toEqual(code('PIO_SINK_MISCONFIGURED'));
    await expect(open('any', { awsEndpoint: 'http://127.0.0.1:1' })).rejects.toEqual(code('PIO_SINK_UNAVAILABLE'));
  });
});
