import { expect, test } from '@jest/globals';
import { type Consumer, MessageId } from '../../src/pulsar/index.ts';
import type { WireProxy } from '../pulsar/kit/wire-proxy.ts';
import {
  bytes,
  expectNothingMore,
  numbers,
  receiveValues,
  type UseBroker,
  usePulsarClients,
} from './pulsar-client-kit.ts';

/** Seeks that do not go as they should. */
export function seekCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  /** A topic behind a proxy; `publish` gives the ids of what it sent around the proxy. */
  async function behindProxy() {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const client = clients.client({ serviceUrl: proxy.serviceUrl, operationTimeoutSeconds: 1 });
    const producer = await clients.client().createProducer({ topic, batchingEnabled: false });
    const publish = (values: readonly string[]): Promise<MessageId[]> =>
      Promise.all(values.map((value) => producer.send({ data: bytes(value) })));
    return { proxy, topic, client, publish };
  }

  /** Loses the next SEEK; while it is waited for, `meanwhile` happens. */
  async function loseSeek(proxy: WireProxy, seek: () => Promise<unknown>, meanwhile: () => Promise<unknown>) {
    proxy.decide = (_side, { type }) => (type === 'SEEK' ? 'drop' : 'pass');
    const seeking = seek();
    await meanwhile();
    await expect(seeking).rejects.toMatchObject({ code: 'TimeOut' });
    proxy.decide = () => 'pass';
  }

  test('what was queued before a seek does not come after it, even when the broker closes nothing', async () => {
    const { proxy, topic, client, publish } = await behindProxy();
    const consumer = await client.subscribe({ topic, subscription: 's', subscriptionInitialPosition: 'Earliest' });
    const ids = await publish(numbers(20));
    expect(await receiveValues(consumer, 3)).toEqual(numbers(3));
    proxy.decide = (_side, { type }) => (type === 'CLOSE_CONSUMER' ? 'drop' : 'pass');
    await consumer.seek(ids[5] as MessageId);
    await expectNothingMore(consumer);
    proxy.decide = () => 'pass';
    proxy.kill();
    expect(await receiveValues(consumer, 14)).toEqual(numbers(14, 6));
  });

  test.each(['Exclusive', 'Shared'] as const)(
    'a seek that fails moves nothing, and what came meanwhile is not lost: %s',
    async (subscriptionType) => {
      const { proxy, topic, client, publish } = await behindProxy();
      const options = { topic, subscription: 's', subscriptionType, receiverQueueSize: 5 } as const;
      const consumer: Consumer = await client.subscribe(options);
      const ids = await publish(numbers(20));
      for (const value of numbers(3)) {
        const message = await consumer.receive(10_000);
        expect(message.getData().toString()).toBe(value);
        await consumer.acknowledge(message);
      }
      const target = ids[14] as MessageId;
      await loseSeek(
        proxy,
        () => consumer.seek(target),
        () => publish(numbers(5, 20)),
      );
      const values = await receiveValues(consumer, 22);
      expect([...new Set(values)].sort((a, b) => Number(a) - Number(b))).toEqual(numbers(22, 3));
      if (subscriptionType === 'Exclusive') expect(values).toEqual(numbers(22, 3));
      await expectNothingMore(consumer);
    },
  );

  test('a reader whose seek fails reads on where it was', async () => {
    const { proxy, topic, client, publish } = await behindProxy();
    const ids = await publish(numbers(20));
    const reader = await client.createReader({ topic, startMessageId: MessageId.earliest(), receiverQueueSize: 5 });
    for (const value of numbers(3)) expect((await reader.readNext(10_000)).getData().toString()).toBe(value);
    const target = ids[14] as MessageId;
    await loseSeek(
      proxy,
      () => reader.seek(target),
      () => publish(numbers(5, 20)),
    );
    for (const value of numbers(22, 3)) expect((await reader.readNext(10_000)).getData().toString()).toBe(value);
  });
}
