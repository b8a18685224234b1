import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { requestsOf } from '../../src/connectors/kinesis/entries.ts';
import { kinesisSink } from '../../src/connectors/kinesis/sink.ts';
import { endpointOf } from '../../src/connectors/kinesis/sink-config.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { sinkRecord } from '../contracts/sink.ts';
import { codes } from '../kit/failures.ts';
import { configOf, context, problemsOf } from './open.ts';

const CREDENTIALS = JSON.stringify({ accessKey: 'AKIDEXAMPLE', secretKey: 'sekrit' });
const BASE = { awsRegion: 'eu-west-1', awsKinesisStreamName: 'orders', awsCredentialPluginParam: CREDENTIALS };
const running = () => new AbortController().signal;

/** Every key of Pulsar's `KinesisSinkConfig`, with a value that it takes. */
const PULSARS = {
  ...{ awsEndpoint: 'kinesis.eu-west-1.amazonaws.com', awsRegion: 'eu-west-1', awsKinesisStreamName: 'orders' },
  ...{ awsCredentialPluginName: '', awsCredentialPluginParam: CREDENTIALS, awsEndpointPort: 443 },
  ...{
    skipCertificateValidation: false,
    messageFormat: 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE',
    jsonIncludeNonNulls: true,
  },
  ...{ retainOrdering: true, retryInitialDelayInMillis: 100, retryMaxDelayInMillis: 60_000 },
};

describe('the configuration of the kinesis sink', () => {
  test('takes every key of Pulsar’s connector', () => {
    expect(problemsOf(kinesisSink, PULSARS)).toEqual([]);
    const ofPulsar = Object.entries(kinesisSink.config.properties).filter(([, { pulsar }]) => pulsar !== undefined);
    expect(ofPulsar.map(([key]) => key).sort()).toEqual(Object.keys(PULSARS).sort());
  });

  test.each([
    ['a format that is not there', { messageFormat: 'FULL_MESSAGE_IN_FB' }, '/configs/messageFormat'],
    ['an address that is none', { awsEndpoint: 'http://' }, '/configs/awsEndpoint'],
    ['half of the credentials', { awsCredentialPluginParam: '{}' }, '/configs/awsCredentialPluginParam'],
  ])('refuses %s', (_, change, path) => {
    expect(problemsOf(kinesisSink, { ...BASE, ...change })).toEqual([path]);
  });

  test('speaks TLS to a host, and takes the port where the address has none', () => {
    const of = (awsEndpoint: string, awsEndpointPort?: number) =>
      endpointOf(configOf(kinesisSink, { ...BASE, awsEndpoint, ...(awsEndpointPort && { awsEndpointPort }) }));
    expect([of(''), of('host', 4567), of('http://host:1/', 2)]).toEqual(['', 'https://host:4567/', 'http://host:1/']);
  });
});

test('fills requests to 500 records and 5 MiB, in their order', () => {
  const entries = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, index) => ({
      ...{ record: sinkRecord(index, {}), index, key: `k${index % 2}`, data: Buffer.alloc(bytes) },
    }));
  const lengths = (count: number, bytes: number) =>
    [...requestsOf(entries(count, bytes), false)].map((it) => it.length);
  expect(lengths(1_100, 1)).toEqual([500, 500, 100]);
  expect(lengths(7, 1024 * 1024 - 10)).toEqual([5, 2]);
  expect([...requestsOf(entries(6, 1), true)].map((it) => it.map(({ index }) => index))).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
});

/** A Kinesis that refuses the data in `refused` for load, and remembers what it took, request by request. */
const busyKinesis = async (refused: readonly string[]) => {
  const requests: string[][] = [];
  const server = createServer(async (request, response) => {
    const { Records = [] } = (await json(request)) as { Records?: { Data: string }[] };
    const texts = Records.map(({ Data }) => String(Buffer.from(Data, 'base64')));
    if (texts.length > 0) requests.push(texts);
    const answers = texts.map((text) =>
      refused.includes(text)
        ? { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'slow down' }
        : { SequenceNumber: '1', ShardId: 'shardId-0' },
    );
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ FailedRecordCount: 0, Records: answers, StreamDescriptionSummary: {} }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const awsEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const open = (more: object) => kinesisSink.open(configOf(kinesisSink, { ...BASE, awsEndpoint, ...more }), context());
  return { requests, open, [Symbol.dispose]: () => void server.close() };
};

describe('the kinesis sink under load', () => {
  const record = (n: number, key: string): SinkRecord => sinkRecord(n, { key, bytes: Buffer.from(`${key}${n}`) });
  const records = [record(1, 'a'), record(2, 'b'), record(3, 'a'), record(4, 'b'), record(5, 'a')];
  const busy = 'PIO_SINK_UNAVAILABLE';

  test('gives each record of a request its own result', async () => {
    using kinesis = await busyKinesis(['a3']);
    const sink = await kinesis.open({});
    expect(codes(await sink.write(records, running()))).toEqual(['ok', 'ok', busy, 'ok', 'ok']);
    expect(kinesis.requests).toEqual([['a1', 'b2', 'a3', 'b4', 'a5']]);
    await sink.close();
  });

  test('sends nothing of a key behind a record of it that was refused, where the order is kept', async () => {
    using kinesis = await busyKinesis(['a3']);
    const sink = await kinesis.open({ retainOrdering: true });
    expect(codes(await sink.write(records, running()))).toEqual(['ok', 'ok', busy, 'ok', busy]);
    expect(kinesis.requests).toEqual([
      ['a1', 'b2'],
      ['a3', 'b4'],
    ]);
    await sink.close();
  });
});
