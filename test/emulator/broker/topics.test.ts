import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startBroker } from '../../../src/emulator/broker/index.ts';
import { LookupResult } from '../../../src/pulsar/protocol/index.ts';
import { startBrokerProcess } from './broker-process.ts';
import { TestBroker } from './test-broker.ts';
import { fieldsOf, WireClient } from './wire-client.ts';

const TOPIC = 'persistent://public/default/topic';
const PATH = '/admin/v2/persistent/public/default/topic';

async function publishOne(client: WireClient, sequenceId: number, producerId = 1): Promise<number> {
  client.publish(producerId, { sequenceId });
  return (await client.next('SEND_RECEIPT')).messageId?.ledgerId ?? -1;
}

test('ledger ids grow across delete and re-creation, and across unload and restart (T4)', async () => {
  await using broker = await TestBroker.start();
  let client = await broker.connect();
  await client.producer(TOPIC, 'p');
  const ledgerIds = [await publishOne(client, 0)];
  await broker.admin('DELETE', `${PATH}?force=true`);
  expect(await client.next('CLOSE_PRODUCER')).toMatchObject({ producerId: 1, requestId: -1 });
  expect((await client.producer(TOPIC, 'p')).lastSequenceId).toBe(-1);
  ledgerIds.push(await publishOne(client, 0));
  await broker.admin('PUT', `${PATH}/unload`);
  expect((await client.producer(TOPIC, 'p')).lastSequenceId).toBe(0);
  ledgerIds.push(await publishOne(client, 1));
  await broker.killAndRestart();
  client = await broker.connect();
  await client.producer(TOPIC, 'p');
  ledgerIds.push(await publishOne(client, 2));
  expect(ledgerIds).toEqual([...new Set(ledgerIds)].sort((a, b) => a - b));
});

test('a topic without subscription is empty after a restart with its last sequence id still known (T6)', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  await publishOne(client, 7);
  await broker.killAndRestart();
  const successor = await broker.connect();
  expect((await successor.producer(TOPIC, 'p')).lastSequenceId).toBe(7);
  expect(await broker.admin('GET', `${PATH}/lastMessageId`)).toMatchObject({ entryId: -1 });
  await broker.killAndRestart();
  expect((await (await broker.connect()).producer(TOPIC, 'p')).lastSequenceId).toBe(7);
});

test('retention keeps what a topic without subscription has', async () => {
  await using broker = await TestBroker.start();
  await broker.admin('POST', '/admin/v2/namespaces/public/default/retention', {
    retentionTimeInMinutes: -1,
    retentionSizeInMB: -1,
  });
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  const ledgerId = await publishOne(client, 7);
  await broker.restart();
  expect(await broker.admin('GET', `${PATH}/lastMessageId`)).toMatchObject({ ledgerId, entryId: 0 });
});

test('a ledger is deleted when it is closed and acknowledged by every subscription, not before', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  await client.producer(TOPIC, 'p');
  for (const [consumerId, subscription] of [
    [1, 'a'],
    [2, 'b'],
  ] as const)
    await client.subscribe({ topic: TOPIC, subscription, consumerId });
  const first = await publishOne(client, 0);
  client.ack(await client.message());
  await broker.admin('PUT', `${PATH}/unload`);
  const ledgers = async () =>
    ((await broker.admin('GET', `${PATH}/internalStats`)) as { ledgers: { ledgerId: number }[] }).ledgers.map(
      ({ ledgerId }) => ledgerId,
    );
  expect(await ledgers()).toContain(first);
  await broker.admin('POST', `${PATH}/subscription/a/skip_all`);
  await broker.admin('POST', `${PATH}/subscription/b/skip_all`);
  await broker.admin('PUT', `${PATH}/unload`);
  expect(await ledgers()).not.toContain(first);
});

test('a partitioned topic: metadata, names of its partitions, ids that carry the partition', async () => {
  await using broker = await TestBroker.start();
  await broker.admin('PUT', `${PATH}/partitions`, 3);
  const client = await broker.connect();
  expect(
    fieldsOf(await client.request('PARTITIONED_METADATA', { topic: TOPIC }), 'PARTITIONED_METADATA_RESPONSE'),
  ).toMatchObject({ partitions: 3, response: 0 });
  await expect(client.producer(TOPIC, 'p')).rejects.toThrow('partitioned topic');
  await expect(client.producer(`${TOPIC}-partition-3`, 'p')).rejects.toThrow('does not exist');
  await client.producer(`${TOPIC}-partition-2`, 'p');
  await client.subscribe({ topic: `${TOPIC}-partition-2` });
  await publishOne(client, 0);
  expect((await client.message()).fields.messageId.partition).toBe(2);
  const topics = fieldsOf(
    await client.request('GET_TOPICS_OF_NAMESPACE', { namespace: 'public/default' }),
    'GET_TOPICS_OF_NAMESPACE_RESPONSE',
  );
  expect(topics.topics).toEqual([0, 1, 2].map((i) => `${TOPIC}-partition-${i}`));
  const again = { namespace: 'public/default', topicsHash: topics.topicsHash };
  expect(
    fieldsOf(await client.request('GET_TOPICS_OF_NAMESPACE', again), 'GET_TOPICS_OF_NAMESPACE_RESPONSE'),
  ).toMatchObject({ changed: false, topics: [] });
});

test('LOOKUP answers the address that the client reached, or the advertised host', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  const found = fieldsOf(await client.request('LOOKUP', { topic: TOPIC }), 'LOOKUP_RESPONSE');
  expect(found).toMatchObject({
    response: LookupResult.Connect,
    authoritative: true,
    brokerServiceUrl: broker.running.serviceUrl,
  });
  await using named = await TestBroker.start({ advertisedHost: 'pulsar.example' });
  const other = await named.connect();
  expect(fieldsOf(await other.request('LOOKUP', { topic: TOPIC }), 'LOOKUP_RESPONSE').brokerServiceUrl).toBe(
    `pulsar://pulsar.example:${named.running.port}`,
  );
});

test('schemas: an equal one keeps its version, another one gets the next', async () => {
  await using broker = await TestBroker.start();
  const client = await broker.connect();
  const produce = async (producerId: number, definition: string) => {
    const schema = { name: 'x', type: 2 as const, schemaData: Buffer.from(definition) };
    const answer = await client.request('PRODUCER', { topic: TOPIC, producerId, schema });
    return fieldsOf(answer, 'PRODUCER_SUCCESS').schemaVersion?.readBigInt64BE();
  };
  const definition = (name: string, fields: string[]) =>
    JSON.stringify({ type: 'record', name, fields: fields.map((field) => ({ name: field, type: 'int', default: 0 })) });
  const [one, two] = [definition('R', ['a']), definition('R', ['a', 'b'])];
  expect([await produce(1, one), await produce(2, two), await produce(3, one)]).toEqual([0n, 1n, 0n]);
  const latest = fieldsOf(await client.request('GET_SCHEMA', { topic: TOPIC }), 'GET_SCHEMA_RESPONSE');
  expect(latest.schema?.schemaData.toString()).toBe(two);
  expect(await broker.admin('GET', '/admin/v2/schemas/public/default/topic/schema/0')).toMatchObject({
    type: 'JSON',
    data: one,
  });
});

test('a taken port is refused with the port in the message, and the data directory is free again', async () => {
  await using broker = await TestBroker.start();
  const dataDir = mkdtempSync(join(tmpdir(), 'broker-'));
  await expect(startBroker({ dataDir, port: broker.running.port })).rejects.toThrow(`port ${broker.running.port} `);
  const second = await startBroker({ dataDir });
  await second.stop();
  rmSync(dataDir, { recursive: true });
});

test('two brokers do not share a data directory', async () => {
  await using broker = await TestBroker.start();
  await expect(startBroker({ dataDir: broker.dataDir })).rejects.toThrow('is another broker running');
});

test('a broker process that is killed with SIGKILL has kept every receipted message', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'broker-'));
  const first = await startBrokerProcess(dataDir);
  const client = await WireClient.open(first.port);
  await client.producer(TOPIC, 'p');
  await client.subscribe({ topic: TOPIC }, 0);
  client.publish(1, ...Array.from({ length: 200 }, (_, sequenceId) => ({ sequenceId })));
  for (let i = 0; i < 200; i++) await client.next('SEND_RECEIPT');
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  const second = await startBrokerProcess(dataDir);
  const successor = await WireClient.open(second.port);
  expect((await successor.producer(TOPIC, 'p')).lastSequenceId).toBe(199);
  await successor.subscribe({ topic: TOPIC });
  expect(await successor.texts(200)).toEqual(Array.from({ length: 200 }, (_, i) => `m${i}`));
  successor.destroy();
  second.process.kill('SIGTERM');
  expect(await once(second.process, 'exit')).toEqual([0, null]);
  rmSync(dataDir, { recursive: true });
});
