import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { sqsSink } from '../../src/connectors/sqs/sink.ts';
import { sqsSource } from '../../src/connectors/sqs/source.ts';
import { sinkRecord } from '../contracts/sink.ts';
import { configOf, context, problemsOf } from './open.ts';

const BASE = { awsRegion: 'eu-west-1', queueName: 'orders' };
const ARN = 'arn:aws:sqs:eu-west-1:123456789012:orders';
const CREDENTIALS = JSON.stringify({ accessKey: 'AKIDEXAMPLE', secretKey: 'sekrit' });

describe('the sqs configuration', () => {
  test('takes a config of StreamNative’s connector as it is, and knows which of its keys is a secret', () => {
    const config = {
      ...BASE,
      awsEndpoint: 'https://sqs.eu-west-1.amazonaws.com',
      awsCredentialPluginName: '',
      awsCredentialPluginParam: CREDENTIALS,
    };
    for (const type of [sqsSource, sqsSink]) {
      expect(problemsOf(type, config)).toEqual([]);
      expect(type.config.properties.awsCredentialPluginParam).toMatchObject({ secret: true });
    }
  });

  test.each([
    ['a queue name that SQS has not', { queueName: 'a b' }, '/configs/queueName'],
    ['no region', { awsRegion: null }, '/configs/awsRegion'],
    ['a Java class', { awsCredentialPluginName: 'com.example.Plugin' }, '/configs/awsCredentialPluginName'],
    ['credentials that are not JSON', { awsCredentialPluginParam: 'sekrit' }, '/configs/awsCredentialPluginParam'],
    ['half of the credentials', { awsCredentialPluginParam: '{"accessKey":"a"}' }, '/configs/awsCredentialPluginParam'],
  ])('refuses %s', (_, change, path) => {
    expect(problemsOf(sqsSource, { ...BASE, ...change })).toEqual([path]);
  });

  test.each([
    ['without the queue’s name', {}, '/configs/queueArn'],
    ['with another queue’s name', { queueArn: `${ARN}-2` }, '/configs/queueArn'],
    ['with a large batch and no window', { queueArn: ARN, batchSize: 100 }, '/configs/batchSize'],
  ])('refuses events %s', (_, change, path) => {
    expect(problemsOf(sqsSource, { ...BASE, trigger: 'event', ...change })).toEqual([path]);
  });

  test('refuses to forget the ids of an event’s messages before the longest retention is over', () => {
    const config = { ...BASE, trigger: 'event', queueArn: ARN, rememberDays: 14 };
    expect(problemsOf(sqsSource, config, 'EFFECTIVELY_ONCE')).toEqual(['/configs/rememberDays']);
    expect(problemsOf(sqsSource, config, 'ATLEAST_ONCE')).toEqual([]);
    expect(problemsOf(sqsSource, { ...config, rememberDays: 15 }, 'EFFECTIVELY_ONCE')).toEqual([]);
  });

  test('orders a FIFO queue, and no other', () => {
    const orderOf = (queueName: string) =>
      sqsSource.source === 'queue' && sqsSource.isOrdered({ ...BASE, queueName } as never);
    expect([orderOf('orders.fifo'), orderOf('orders')]).toEqual([true, false]);
  });
});

describe('the sqs connector', () => {
  /** An SQS that answers every request with one error, as the real one does in its JSON protocol. */
  const refusing = async (status: number, type: string) => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: `com.amazon.coral.service#${type}`, message: `no ${type}` }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const awsEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      config: { ...BASE, awsEndpoint, awsCredentialPluginParam: CREDENTIALS },
      [Symbol.dispose]: () => server.close(),
    };
  };

  test.each([
    ['InvalidClientTokenId', 403, 'MISCONFIGURED'],
    ['SignatureDoesNotMatch', 403, 'MISCONFIGURED'],
    ['AccessDeniedException', 400, 'MISCONFIGURED'],
    ['ExpiredTokenException', 400, 'MISCONFIGURED'],
    ['InternalFailure', 400, 'UNAVAILABLE'],
  ])('calls %s by its name, with the queue and without a secret', async (type, status, code) => {
    using server = await refusing(status, type);
    for (const [connector, side] of [
      [sqsSource, 'SOURCE'],
      [sqsSink, 'SINK'],
    ] as const) {
      const opening = connector.open(configOf(connector, server.config), context());
      const error = await (opening as Promise<unknown>).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ code: `PIO_${side}_${code}`, disposition: 'retry' });
      const { message } = error as Error;
      expect(message).toContain('orders (eu-west-1)');
      expect(message).toContain(type);
      expect(message).not.toContain('sekrit');
    }
  });

  test('rejects what an attribute cannot carry, and a message over a mebibyte, before it sends anything', async () => {
    const sink = await openOffline({ keyAttribute: 'k' });
    const records = [
      sinkRecord(1, { key: 'a\u0000', bytes: Buffer.from('x') }),
      sinkRecord(2, { bytes: Buffer.alloc(1024 * 1024 + 1, 'x') }),
    ];
    const results = await sink.write(records, new AbortController().signal);
    expect(results.map((result) => !result.ok && (result.error as { code?: string }).code)).toEqual([
      'PIO_SINK_REJECTED',
      'PIO_RECORD_TOO_LARGE',
    ]);
    await sink.close();
  });

  const openOffline = async (configs: Record<string, unknown>) => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ QueueUrl: 'http://127.0.0.1/q' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const awsEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config = { ...BASE, awsEndpoint, awsCredentialPluginParam: CREDENTIALS, ...configs };
    const sink = await sqsSink.open(configOf(sqsSink, config), context());
    server.close();
    return sink;
  };
});
