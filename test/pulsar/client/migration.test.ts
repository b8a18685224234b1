import { afterEach, expect, test } from '@jest/globals';
import { Client } from '../../../src/pulsar/index.ts';
import { ResourceType } from '../../../src/pulsar/protocol/index.ts';
import { type Peer, type Script, startScriptedBroker } from '../kit/scripted-broker.ts';

const topic = 'persistent://public/default/t';
let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function startBroker(script: Script = {}) {
  const broker = await startScriptedBroker(script);
  cleanups.push(() => broker.stop());
  return broker;
}

const receipts: Script = {
  SEND: ({ producerId, sequenceId }, peer) =>
    peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId: { ledgerId: 7, entryId: sequenceId } }),
};

/** As ServerCnx of Pulsar does it: TOPIC_MIGRATED, then a CLOSE of the same. */
function migrate(peer: Peer, kind: 'Producer' | 'Consumer', id: number, brokerServiceUrl: string): void {
  const urls = { brokerServiceUrl, brokerServiceUrlTls: 'pulsar+ssl://unused:6651' };
  peer.send('TOPIC_MIGRATED', { resourceId: id, resourceType: ResourceType[kind], ...urls });
  if (kind === 'Producer') peer.send('CLOSE_PRODUCER', { producerId: id, requestId: -1 });
  else peer.send('CLOSE_CONSUMER', { consumerId: id, requestId: -1 });
}

function clientOf(serviceUrl: string): Client {
  const client = new Client({ serviceUrl, log: () => undefined });
  cleanups.push(() => client.close());
  return client;
}

test('a producer whose topic migrates sends what has no receipt on the other cluster, and stays there', async () => {
  const there = await startBroker(receipts);
  const here = await startBroker({
    SEND: ({ producerId }, peer) => migrate(peer, 'Producer', producerId, there.serviceUrl),
  });
  const producer = await clientOf(here.serviceUrl).createProducer({ topic, batchingEnabled: false });
  const ids = await Promise.all([0, 1].map(() => producer.send({ data: Buffer.from('x') })));
  expect(ids.map(({ parts }) => parts.ledgerId)).toEqual([7, 7]);
  expect(there.of('LOOKUP')).toMatchObject([{ topic }]);
  expect(there.of('PRODUCER')).toMatchObject([{ topic, producerName: producer.getProducerName(), epoch: 1 }]);
  there.peers[0]?.send('CLOSE_PRODUCER', { producerId: 1, requestId: -1 });
  while (there.of('PRODUCER').length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(here.of('PRODUCER')).toHaveLength(1);
});

test('a consumer whose topic migrates receives from the other cluster', async () => {
  const there = await startBroker({
    FLOW: ({ consumerId }, peer) =>
      peer.deliver({ consumerId, messageId: { ledgerId: 7, entryId: 0 } }, {}, Buffer.from('x')),
  });
  const here = await startBroker({
    FLOW: ({ consumerId }, peer) => migrate(peer, 'Consumer', consumerId, there.serviceUrl),
  });
  const consumer = await clientOf(here.serviceUrl).subscribe({ topic, subscription: 's' });
  expect((await consumer.receive(10_000)).getMessageId().parts.ledgerId).toBe(7);
  expect(here.of('SUBSCRIBE')).toHaveLength(1);
});

test('a topic that has migrated before is found on the other cluster, without waiting for an answer that never comes', async () => {
  const there = await startBroker(receipts);
  const here = await startBroker({
    PRODUCER: ({ producerId }, peer) => migrate(peer, 'Producer', producerId, there.serviceUrl),
    SUBSCRIBE: ({ consumerId }, peer) => migrate(peer, 'Consumer', consumerId, there.serviceUrl),
  });
  const client = clientOf(here.serviceUrl);
  const producer = await client.createProducer({ topic });
  await client.subscribe({ topic, subscription: 's' });
  expect((await producer.send({ data: Buffer.from('x') })).parts.ledgerId).toBe(7);
  expect([there.of('PRODUCER').length, there.of('SUBSCRIBE').length]).toEqual([1, 1]);
});
