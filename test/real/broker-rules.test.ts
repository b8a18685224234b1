import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { brokerRulesContract } from '../contracts/broker-rules.ts';
import { fieldsOf, WireClient } from '../emulator/broker/wire-client.ts';
import { describeReal, type PulsarAddress, type RunningServer, startPulsar } from '../services/index.ts';

const NAMESPACE = 'public/rules';

describeReal('the rules of a broker', ['pulsar'], () => {
  let pulsar: RunningServer<PulsarAddress>;
  const clients: WireClient[] = [];

  const admin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${pulsar.address.adminUrl}${path}`, { method, headers, ...content });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };

  beforeAll(async () => {
    pulsar = await startPulsar({
      config: {
        brokerDeleteInactiveTopicsFrequencySeconds: 1,
        brokerDeleteInactiveTopicsMaxInactiveDurationSeconds: 5,
      },
    });
    await admin('PUT', `/admin/v2/namespaces/${NAMESPACE}`);
    await admin('POST', `/admin/v2/namespaces/${NAMESPACE}/deduplication`, true);
  }, 120_000);
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await pulsar?.stop();
  });

  const connect = async (): Promise<WireClient> => {
    const client = await WireClient.open(Number(new URL(pulsar.address.serviceUrl).port));
    clients.push(client);
    return client;
  };

  test('rule 7: a topic that nobody subscribed to is deleted when it is idle, and its names are forgotten', async () => {
    const names = ['bare', 'kept'].map((it) => `persistent://${NAMESPACE}/${it}`);
    const open = async (topic: string, initialSubscriptionName?: string) => {
      const client = await connect();
      await client.request('LOOKUP', { topic, authoritative: false });
      const initial = initialSubscriptionName ? { initialSubscriptionName } : {};
      const answer = await client.request('PRODUCER', { topic, producerId: 1, producerName: 'p', ...initial });
      return { client, last: fieldsOf(answer, 'PRODUCER_SUCCESS').lastSequenceId };
    };
    for (const topic of names) {
      const { client } = await open(topic, topic.endsWith('kept') ? 'guard' : undefined);
      client.publish(1, { sequenceId: 7 });
      await client.next('SEND_RECEIPT');
      await client.request('CLOSE_PRODUCER', { producerId: 1 });
    }
    const list = () => admin('GET', `/admin/v2/persistent/${NAMESPACE}`) as Promise<string[]>;
    while ((await list()).includes(names[0] as string)) await sleep(200);
    expect(await list()).toContain(names[1]);
    expect(await Promise.all(names.map(async (topic) => (await open(topic)).last))).toEqual([-1, 7]);
  }, 240_000);

  brokerRulesContract('Pulsar 4', () => ({
    connect,
    admin,
    killAndRestart: async () => {
      await pulsar.kill();
      await pulsar.restart();
    },
    namespace: NAMESPACE,
  }));
});
