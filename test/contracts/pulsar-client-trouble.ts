import { expect, test } from '@jest/globals';
import { type Consumer, MessageId, type Producer } from '../../src/pulsar/index.ts';
import { bytes, numbers, receiveValues, type UseBroker, unload, until, usePulsarClients } from './pulsar-client-kit.ts';

const MANY = 1000;

/** What the public client does when much goes on, or little of it well. */
export function troubleCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  async function contentOf(topic: string, count: number): Promise<string[]> {
    const reader = await clients.client().createReader({ topic, startMessageId: MessageId.earliest() });
    const values: string[] = [];
    for (let i = 0; i < count; i++) values.push((await reader.readNext(10_000)).getData().toString());
    expect(await reader.hasMessageAvailable()).toBe(false);
    return values;
  }

  test('frames that come in pieces of a few bytes are put together', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    proxy.pieceBytes = 5;
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const consumer = await client.subscribe({ topic, subscription: 's' });
    const producer = await client.createProducer({ topic, batchingMaxMessages: 3 });
    await Promise.all(numbers(60).map((value) => producer.send({ data: bytes(value) })));
    expect(await receiveValues(consumer, 60)).toEqual(numbers(60));
  });

  test('a topic that is unloaded again and again under load holds every message once, in order', async () => {
    const topic = use().topic();
    const client = clients.client();
    const keeper = {
      topic,
      subscription: 'keeps what nobody has read',
      subscriptionInitialPosition: 'Earliest',
    } as const;
    await client.subscribe(keeper);
    const producer = await client.createProducer({ topic, batchingMaxMessages: 5, blockIfQueueFull: true });
    const sends: Promise<unknown>[] = [];
    for (let i = 0; i < 900; i++) {
      sends.push(producer.send({ data: bytes(String(i)) }));
      if (i % 300 === 150) await unload(use(), topic);
    }
    await Promise.all(sends);
    expect(await contentOf(topic, 900)).toEqual(numbers(900));
  });

  test('a consumer that takes nothing is sent no more than its queue holds, and loses nothing', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const consumer = await client.subscribe({ topic, subscription: 's', receiverQueueSize: 50 });
    const producer = await clients.client().createProducer({ topic, batchingEnabled: false });
    await Promise.all(numbers(500).map((value) => producer.send({ data: bytes(value) })));
    const delivered = () => proxy.seen.filter(({ command }) => command.type === 'MESSAGE').length;
    await until(() => delivered() >= 50);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(delivered()).toBe(50);
    for (const value of numbers(500)) {
      expect((await consumer.receive(10_000)).getData().toString()).toBe(value);
      expect(delivered() - Number(value)).toBeLessThanOrEqual(51);
    }
  });

  test('a thousand producers and a thousand consumers share one client, also across a lost connection', async () => {
    const proxy = await clients.proxy();
    const client = clients.client({ serviceUrl: proxy.serviceUrl, concurrentLookupRequest: 50 });
    const topics = Array.from({ length: 20 }, () => use().topic());
    const topicOf = (i: number) => topics[i % topics.length] as string;
    const every = <T>(make: (i: number) => Promise<T>) => Promise.all(Array.from({ length: MANY }, (_, i) => make(i)));
    const seen = new Set<string>();
    const listener = (message: { getData(): Buffer }, _consumer: Consumer) =>
      void seen.add(message.getData().toString());
    const shared = { subscription: 's', subscriptionType: 'Shared', receiverQueueSize: 10, listener } as const;
    const consumers: Consumer[] = await every((i) => client.subscribe({ topic: topicOf(i), ...shared }));
    const producers: Producer[] = await every((i) => client.createProducer({ topic: topicOf(i) }));
    await Promise.all(producers.map((producer, i) => producer.send({ data: bytes(`first ${i}`) })));
    await until(() => seen.size === MANY);
    proxy.kill();
    await Promise.all(producers.map((producer, i) => producer.send({ data: bytes(`second ${i}`) })));
    await until(() => seen.size === 2 * MANY);
    await until(() => consumers.every((consumer) => consumer.isConnected()));
    const connections = proxy.seen.filter(({ command }) => command.type === 'CONNECT').length;
    expect(connections).toBeLessThanOrEqual(4); // before and after: one for lookups, one that a standalone wants proxied
    await client.close();
  }, 90_000);
}
