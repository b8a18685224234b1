import { afterEach, expect, test } from '@jest/globals';
import {
  AuthenticationBasic,
  AuthenticationTls,
  AuthenticationToken,
  Client,
  type ClientConfig,
  Message,
} from '../../../src/pulsar/index.ts';
import { PartitionedMetadataResult, ProducerAccessMode, ServerError } from '../../../src/pulsar/protocol/index.ts';
import { type Script, type ScriptedBroker, startScriptedBroker } from '../kit/scripted-broker.ts';

const topic = 'persistent://public/default/t';
let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function start(
  script: Script = {},
  options: Partial<ClientConfig> = {},
): Promise<{ broker: ScriptedBroker; client: Client; logged: string[] }> {
  const broker = await startScriptedBroker(script);
  const logged: string[] = [];
  const log = (_level: number, _file: string, _line: number, text: string) => logged.push(text);
  const client = new Client({ serviceUrl: broker.serviceUrl, log, ...options });
  cleanups.push(
    () => broker.stop(),
    () => client.close().catch(() => undefined),
  );
  return { broker, client, logged };
}

test('a client says what is wrong with its configuration', () => {
  const make = (config: unknown) => () => new Client(config as never);
  const required = 'Service URL is required and must be specified as a string';
  expect(make({})).toThrow(`${required} unless serviceUrlProvider is configured`);
  expect(make({ serviceUrl: '' })).toThrow(required);
  expect(make({ serviceUrl: 'ftp://a' })).toThrow('Invalid scheme: ftp');
  expect(make({ serviceUrl: 'pulsar://a', authentication: { token: 'x' } })).toThrow('authentication must be');
  expect(() => Client.setLogHandler('x' as never)).toThrow('Client log handler must be a function or null');
});

test('a client says what is wrong with its clusters', () => {
  const primary = 'pulsar://a';
  const secondary = ['pulsar://b'];
  const make = (serviceUrlProvider: unknown) => () => new Client({ serviceUrlProvider } as never);
  expect(() => new Client({ serviceUrl: 'pulsar://a', serviceUrlProvider: { primary, secondary } } as never)).toThrow(
    'Only one of serviceUrl or serviceUrlProvider can be configured',
  );
  for (const [wrong, message] of [
    ['pulsar://a', 'serviceUrlProvider must be an object'],
    [{}, 'serviceUrlProvider.primary is required'],
    [{ primary: '', secondary }, 'serviceUrlProvider.primary service URL must be a non-empty string'],
    [{ primary: 7, secondary }, 'serviceUrlProvider.primary must be a service URL string or service info object'],
    [{ primary }, 'serviceUrlProvider.secondary is required and must be an array'],
    [{ primary, secondary: [] }, 'serviceUrlProvider.secondary must contain at least one service'],
    [
      { primary, secondary: [{}] },
      'serviceUrlProvider.secondary[0].serviceUrl is required and must be a non-empty string',
    ],
    [{ primary, secondary: ['a'] }, 'Invalid scheme: '],
    [{ primary, secondary, checkIntervalMs: 0 }, 'serviceUrlProvider.checkIntervalMs must be a positive number'],
    [{ primary, secondary, failoverThreshold: '1' }, 'serviceUrlProvider.failoverThreshold must be a positive number'],
    [
      { primary: { serviceUrl: primary, authentication: {} }, secondary },
      'serviceUrlProvider.primary.authentication must be a Pulsar authentication object',
    ],
    [
      { primary, secondary: [{ serviceUrl: primary, tlsTrustCertsFilePath: 7 }] },
      'serviceUrlProvider.secondary[0].tlsTrustCertsFilePath must be a string',
    ],
  ] as const) {
    expect(make(wrong)).toThrow(message);
  }
});

test('a consumer says what is wrong with its options', async () => {
  const { client } = await start();
  const refusal = (options: object) =>
    client.subscribe({ topic, subscription: 's', ...options }).catch((error) => error.message);
  expect(await refusal({ topic: undefined })).toContain('Topic, topics or topicsPattern is required');
  expect(await refusal({ subscription: '' })).toContain('Subscription is required');
  expect(await refusal({ ackTimeoutMs: 9999 })).toBe('Ack timeout should be 0 or greater than or equal to 10000');
  expect(await refusal({ nAckRedeliverTimeoutMs: -1 })).toBe('NAck timeout should be greater than or equal to zero');
  expect(await refusal({ batchReceivePolicy: {} })).toContain('At least one of maxNumMessages');
  const ranges = (stickyRanges: unknown) => ({
    subscriptionType: 'KeyShared',
    keySharedPolicy: { keyShareMode: 'Sticky', stickyRanges },
  });
  expect(await refusal(ranges([{ start: 5, end: 1 }]))).toBe('Invalid sticky range at index 0: start (5) > end (1)');
  expect(await refusal(ranges([{ start: 5 }]))).toContain('Invalid sticky range format at index 0');
  expect(await refusal(ranges([7]))).toBe('Sticky range element at index 0 is not an object');
});

test('credentials are checked when they are made', () => {
  expect(() => new AuthenticationToken(undefined as never)).toThrow('Authentication parameter must be a object');
  expect(() => new AuthenticationToken({} as never)).toThrow('Missing required parameter');
  expect(() => new AuthenticationTls({ certificatePath: 'a' } as never)).toThrow('Missing required parameter');
  expect(() => new AuthenticationBasic({ username: 'a' } as never)).toThrow('Missing required parameter');
});

test('user and password are sent as the broker wants them', async () => {
  const broker = await startScriptedBroker();
  const authentication = new AuthenticationBasic({ username: 'u', password: 'p' });
  const client = new Client({ serviceUrl: broker.serviceUrl, authentication });
  cleanups.push(
    () => broker.stop(),
    () => client.close(),
  );
  await client.getPartitionsForTopic(topic);
  expect(broker.of('CONNECT')).toMatchObject([{ authMethodName: 'basic', authData: Buffer.from('u:p') }]);
});

test('a message without content refuses its getters', () => {
  expect(() => new Message().getData()).toThrow('Message has not been built');
});

test('creating goes on while the broker is not ready, and ends with a fatal error', async () => {
  let attempts = 0;
  const { client } = await start({
    PRODUCER: ({ requestId }, peer) => {
      const error = ++attempts < 3 ? ServerError.ServiceNotReady : ServerError.ProducerBusy;
      peer.send('ERROR', { requestId, error, message: 'wait' });
    },
  });
  await expect(client.createProducer({ topic })).rejects.toThrow('Failed to create producer: ProducerBusy');
  expect(attempts).toBe(3);
});

test('creating ends when the operation timeout has passed', async () => {
  const script: Script = {
    SUBSCRIBE: ({ requestId }, peer) =>
      peer.send('ERROR', { requestId, error: ServerError.ServiceNotReady, message: 'wait' }),
  };
  const { client } = await start(script, { operationTimeoutSeconds: 1 });
  await expect(client.subscribe({ topic, subscription: 's' })).rejects.toMatchObject({
    message: 'Failed to create consumer: TimeOut',
    cause: { message: expect.stringContaining('ServiceNotReady: wait') },
  });
});

test('a producer that has to wait for its turn does not time out', async () => {
  const script: Script = {
    PRODUCER: ({ requestId }, peer) => {
      peer.send('PRODUCER_SUCCESS', { requestId, producerName: 'p', producerReady: false });
      setTimeout(() => peer.send('PRODUCER_SUCCESS', { requestId, producerName: 'p', topicEpoch: 3 }), 2_500);
    },
  };
  const { broker, client } = await start(script, { operationTimeoutSeconds: 2 });
  await client.createProducer({ topic, accessMode: 'WaitForExclusive' });
  expect(broker.of('PRODUCER')).toMatchObject([{ producerAccessMode: ProducerAccessMode.WaitForExclusive }]);
});

test('a refused send registers the producer anew under its name and epoch, and sends in order again', async () => {
  let isRefusing = true;
  const { broker, client } = await start({
    SEND: ({ producerId, sequenceId }, peer) => {
      if (isRefusing && sequenceId === 1) {
        isRefusing = false;
        peer.send('SEND_ERROR', { producerId, sequenceId, error: ServerError.PersistenceError, message: 'later' });
      } else if (!isRefusing)
        peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: 1, entryId: sequenceId } });
    },
    PRODUCER: ({ requestId }, peer) =>
      peer.send('PRODUCER_SUCCESS', { requestId, producerName: 'given', topicEpoch: 9 }),
  });
  const producer = await client.createProducer({ topic, batchingEnabled: false });
  await Promise.all([0, 1].map(() => producer.send({ data: Buffer.from('x') })));
  expect(broker.of('SEND').map(({ sequenceId }) => sequenceId)).toEqual([0, 1, 0, 1]);
  expect(
    broker.of('PRODUCER').map(({ producerName, epoch, userProvidedProducerName, topicEpoch }) => ({
      producerName,
      epoch,
      userProvidedProducerName,
      topicEpoch,
    })),
  ).toEqual([
    { producerName: undefined, epoch: 0, userProvidedProducerName: false, topicEpoch: undefined },
    { producerName: 'given', epoch: 1, userProvidedProducerName: false, topicEpoch: 9 },
  ]);
  expect(broker.of('CLOSE_PRODUCER')).toHaveLength(1);
});

test('a message that is not allowed fails alone, a terminated topic fails everything', async () => {
  const { client } = await start({
    SEND: ({ producerId, sequenceId }, peer) => {
      const error = sequenceId === 0 ? ServerError.NotAllowedError : ServerError.TopicTerminatedError;
      if (sequenceId !== 1) peer.send('SEND_ERROR', { producerId, sequenceId, error, message: 'no' });
    },
  });
  const producer = await client.createProducer({ topic, batchingEnabled: false });
  const results = await Promise.allSettled([0, 1, 2].map(() => producer.send({ data: Buffer.from('x') })));
  expect(results.map((result) => result.status === 'rejected' && result.reason.message)).toEqual([
    'Failed to send message: ResultNotAllowedError',
    'Failed to send message: TopicTerminated',
    'Failed to send message: TopicTerminated',
  ]);
});

test('a receipt ahead of its turn makes the producer connect anew and send again', async () => {
  let connections = 0;
  const { broker, client } = await start({
    CONNECT: (_, peer) => {
      connections++;
      peer.send('CONNECTED', { serverVersion: 's' });
    },
    SEND: ({ producerId, sequenceId }, peer) => {
      if (connections === 1 && sequenceId === 0) return;
      peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: 1, entryId: sequenceId } });
      peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: 1, entryId: sequenceId } });
    },
  });
  const producer = await client.createProducer({ topic, batchingEnabled: false });
  const ids = await Promise.all([0, 1].map(() => producer.send({ data: Buffer.from('x') })));
  expect(ids.map(({ parts }) => parts.entryId)).toEqual([0, 1]);
  expect(broker.of('SEND').map(({ sequenceId }) => sequenceId)).toEqual([0, 1, 0, 1]);
});

test('a producer goes straight to the broker that the former one named', async () => {
  const other = await start();
  const { broker, client } = await start();
  const producer = await client.createProducer({ topic });
  const [{ producerId } = { producerId: 0 }] = broker.of('PRODUCER');
  broker.peers[0]?.send('CLOSE_PRODUCER', {
    producerId,
    requestId: -1,
    assignedBrokerServiceUrl: other.broker.serviceUrl,
  });
  while (other.broker.of('PRODUCER').length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(other.broker.of('LOOKUP')).toEqual([]);
  expect(other.broker.of('PRODUCER')).toMatchObject([{ producerName: producer.getProducerName(), epoch: 1 }]);
});

test('a corrupt entry is discarded and told to onCorrupt, or logged', async () => {
  const { broker, client, logged } = await start();
  const corrupt: string[] = [];
  await client.subscribe({ topic, subscription: 's', onCorrupt: ({ reason }) => corrupt.push(reason) });
  await client.subscribe({ topic, subscription: 's2' });
  const metadata = { compression: 3 as const, uncompressedSize: 9 };
  for (const { consumerId } of broker.of('SUBSCRIBE')) {
    broker.peers[0]?.deliver({ consumerId, messageId: { ledgerId: 4, entryId: 5 } }, metadata, Buffer.from('x'));
  }
  while (broker.of('ACK').length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(corrupt).toEqual(['DecompressionError']);
  expect(logged.join()).toContain('entry 4:5');
});

test('closing twice is refused, and so is anything after it', async () => {
  const { client } = await start();
  await client.createProducer({ topic });
  await client.close();
  await expect(client.close()).rejects.toThrow('Failed to close client: AlreadyClosed');
  await expect(client.createProducer({ topic })).rejects.toThrow('Failed to create producer: AlreadyClosed');
});

test.each([
  ['has none', undefined, undefined],
  ['has no such topic', ServerError.TopicNotFound, 'no such topic'],
])('a transaction is refused with the reason where the broker %s', async (_what, error, message) => {
  const { client } = await start({
    PARTITIONED_METADATA: ({ requestId }, peer) => {
      const response = error === undefined ? PartitionedMetadataResult.Success : PartitionedMetadataResult.Failed;
      peer.send('PARTITIONED_METADATA_RESPONSE', { requestId, partitions: 0, response, error, message });
    },
  });
  const refused = client.newTransaction();
  await expect(refused).rejects.toMatchObject({
    code: 'NotAllowedError',
    message: 'Failed to create transaction: ResultNotAllowedError',
  });
  await expect(refused).rejects.toHaveProperty('cause.message', expect.stringContaining('no transaction coordinator'));
});

test('an acknowledgement that the broker does not answer as it closes the consumer fails at once', async () => {
  const { client, broker } = await start({
    FLOW: ({ consumerId }, peer) =>
      peer.deliver({ consumerId, messageId: { ledgerId: 1, entryId: 1 } }, {}, Buffer.from('x')),
    ACK: ({ consumerId }, peer) => peer.send('CLOSE_CONSUMER', { consumerId, requestId: 0 }),
  });
  const consumer = await client.subscribe({ topic, subscription: 's', ackReceipt: true });
  const message = await consumer.receive(20_000);
  await expect(consumer.acknowledge(message)).rejects.toThrow('Failed to acknowledge: ResultDisconnected');
  expect(broker.of('ACK')).toHaveLength(1);
});
