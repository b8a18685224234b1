import { expect, test } from '@jest/globals';
import { ProducerAccessMode, ServerError } from '../../../src/pulsar/protocol/index.ts';
import { TestBroker } from './test-broker.ts';
import { fieldsOf, storedBytes } from './wire-client.ts';

const TOPIC = 'persistent://public/default/producers';

test('a name in use is refused while its holder answers PING', async () => {
  await using broker = await TestBroker.start({ livenessCheckMs: 2 ** 30 });
  const [holder, rival] = [await broker.connect(), await broker.connect()];
  await holder.producer(TOPIC, 'p');
  const answer = await rival.request('PRODUCER', { topic: TOPIC, producerId: 1, producerName: 'p' });
  expect(fieldsOf(answer, 'ERROR')).toMatchObject({ error: ServerError.ProducerBusy });
  holder.publish(1, { sequenceId: 0 });
  await holder.next('SEND_RECEIPT');
});

test('a frozen holder is replaced after the liveness check and its socket is closed (T2)', async () => {
  await using broker = await TestBroker.start({ livenessCheckMs: 50 });
  const [holder, successor] = [await broker.connect(), await broker.connect()];
  await holder.producer(TOPIC, 'p');
  holder.publish(1, { sequenceId: 3 });
  await holder.next('SEND_RECEIPT');
  holder.isFrozen = true;
  expect((await successor.producer(TOPIC, 'p')).lastSequenceId).toBe(3);
  await holder.closed;
});

test('of two rivals for a frozen name one wins and one is refused', async () => {
  // Long enough for the winner, who is asked as well, to answer on a busy machine.
  await using broker = await TestBroker.start({ livenessCheckMs: 1_500 });
  const clients = [await broker.connect(), await broker.connect(), await broker.connect()] as const;
  await clients[0].producer(TOPIC, 'p');
  clients[0].isFrozen = true;
  const request = { topic: TOPIC, producerId: 1, producerName: 'p' };
  const answers = await Promise.all([clients[1].request('PRODUCER', request), clients[2].request('PRODUCER', request)]);
  expect(answers.map(({ type }) => type).sort()).toEqual(['ERROR', 'PRODUCER_SUCCESS']);
});

test('a name is free at once when its connection ends', async () => {
  await using broker = await TestBroker.start({ livenessCheckMs: 2 ** 30 });
  const [holder, successor] = [await broker.connect(), await broker.connect()];
  await holder.producer(TOPIC, 'p');
  holder.destroy();
  await successor.producer(TOPIC, 'p');
});

test('a producer without a name gets one that no other has', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  const names = [];
  for (const producerId of [1, 2]) {
    names.push(
      fieldsOf(await client.request('PRODUCER', { topic: TOPIC, producerId }), 'PRODUCER_SUCCESS').producerName,
    );
  }
  expect(new Set(names).size).toBe(2);
});

test('an exclusive producer keeps others out, and does not come in beside others', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  const exclusive = { topic: TOPIC, producerAccessMode: ProducerAccessMode.Exclusive };
  fieldsOf(await client.request('PRODUCER', { ...exclusive, producerId: 1 }), 'PRODUCER_SUCCESS');
  expect(fieldsOf(await client.request('PRODUCER', { topic: TOPIC, producerId: 2 }), 'ERROR').error).toBe(
    ServerError.ProducerBusy,
  );
  expect(fieldsOf(await client.request('PRODUCER', { ...exclusive, producerId: 3 }), 'ERROR').error).toBe(
    ServerError.ProducerFenced,
  );
});

test('WaitForExclusive is told that it waits, keeps newcomers out, and gets the topic when the last producer leaves', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  const waiting = { topic: TOPIC, producerAccessMode: ProducerAccessMode.WaitForExclusive };
  fieldsOf(await client.request('PRODUCER', { topic: TOPIC, producerId: 1 }), 'PRODUCER_SUCCESS');
  const queued = fieldsOf(await client.request('PRODUCER', { ...waiting, producerId: 2 }), 'PRODUCER_SUCCESS');
  expect(queued.producerReady).toBe(false);
  expect(fieldsOf(await client.request('PRODUCER', { topic: TOPIC, producerId: 3 }), 'ERROR').error).toBe(
    ServerError.ProducerBusy,
  );
  client.send('CLOSE_PRODUCER', { producerId: 1, requestId: 99 });
  expect(await client.next('PRODUCER_SUCCESS')).toMatchObject({ requestId: queued.requestId, producerReady: true });
});

test('who waits for exclusive access and leaves does not keep others out', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  const waiting = { topic: TOPIC, producerAccessMode: ProducerAccessMode.WaitForExclusive };
  fieldsOf(await client.request('PRODUCER', { topic: TOPIC, producerId: 1 }), 'PRODUCER_SUCCESS');
  fieldsOf(await client.request('PRODUCER', { ...waiting, producerId: 2 }), 'PRODUCER_SUCCESS');
  await client.request('CLOSE_PRODUCER', { producerId: 2 });
  fieldsOf(await client.request('PRODUCER', { topic: TOPIC, producerId: 3 }), 'PRODUCER_SUCCESS');
});

test('receipts of one producer come in the order of its SENDs, after its entries can be read', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  client.publish(1, ...Array.from({ length: 500 }, (_, sequenceId) => ({ sequenceId })));
  for (let sequenceId = 0; sequenceId < 500; sequenceId++) {
    expect(await client.next('SEND_RECEIPT')).toMatchObject({ sequenceId, messageId: { entryId: sequenceId } });
  }
});

test('a wrong checksum is refused and nothing is stored', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  const bytes = storedBytes({ sequenceId: 0 });
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  const { encodePayloadCommand } = await import('../../../src/pulsar/protocol/index.ts');
  client.write(Buffer.concat(encodePayloadCommand('SEND', { producerId: 1, sequenceId: 0 }, bytes)));
  expect(await client.next('SEND_ERROR')).toMatchObject({ sequenceId: 0, error: ServerError.ChecksumError });
});

test('CLOSE_PRODUCER is answered after the receipts of what was sent before', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  client.publish(1, { sequenceId: 0 });
  await client.request('CLOSE_PRODUCER', { producerId: 1 });
  await client.next('SEND_RECEIPT');
});

test('an initial subscription exists from the start of the topic', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.request('PRODUCER', { topic: TOPIC, producerId: 1, producerName: 'p', initialSubscriptionName: 'dlq' });
  client.publish(1, { sequenceId: 0 });
  await client.subscribe({ topic: TOPIC, subscription: 'dlq', initialPosition: 0 });
  expect(await client.texts(1)).toEqual(['m0']);
});

test.each([
  ['a missing tenant', 'persistent://nobody/default/x', ServerError.TopicNotFound],
  ['a missing namespace', 'persistent://public/nowhere/x', ServerError.TopicNotFound],
  ['a bad name', 'persistent://public/x', ServerError.InvalidTopicName],
  ['a non-persistent topic', 'non-persistent://public/default/x', ServerError.NotAllowedError],
])('refuses %s', async (_what, topic, error) => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  expect(fieldsOf(await client.request('PRODUCER', { topic, producerId: 1 }), 'ERROR').error).toBe(error);
  const metadata = fieldsOf(await client.request('PARTITIONED_METADATA', { topic }), 'PARTITIONED_METADATA_RESPONSE');
  expect(metadata).toMatchObject({ response: 1, error });
});

test('a request that the broker does not know is answered with NotAllowedError', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  const answer = await client.request('END_TXN_ON_PARTITION', {});
  expect(fieldsOf(answer, 'ERROR')).toMatchObject({ error: ServerError.NotAllowedError });
});

test('a SEND for an unknown producer closes the connection', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  client.publish(9, { sequenceId: 0 });
  await client.closed;
});

test('a command before CONNECT closes the connection', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  client.send('CONNECT', { clientVersion: 'again' });
  await client.closed;
});
