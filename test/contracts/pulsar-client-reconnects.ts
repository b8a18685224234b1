import { expect, test } from '@jest/globals';
import { MessageId } from '../../src/pulsar/index.ts';
import { bytes, numbers, receiveValues, type UseBroker, unload, until, usePulsarClients } from './pulsar-client-kit.ts';

/** Producers, consumers and readers of the public client come back by themselves. */
export function reconnectCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  test('a producer loses nothing, repeats nothing and keeps the order', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const consumer = await clients.client().subscribe({ topic, subscription: 's' });
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const producer = await client.createProducer({ topic, producerName: 'mine', batchingMaxMessages: 7 });
    const sends: Promise<unknown>[] = [];
    for (let i = 0; i < 600; i++) {
      sends.push(producer.send({ data: bytes(String(i)) }));
      if (i % 150 === 100) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        proxy.kill();
      }
    }
    await Promise.all(sends);
    expect(await receiveValues(consumer, 600)).toEqual(numbers(600));
    await expect(consumer.receive(300)).rejects.toThrow('TimeOut');
  });

  test('a receipt that was lost on the way is asked for again', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const producer = await client.createProducer({ topic, producerName: 'mine' });
    let dropped = 0;
    proxy.decide = (_side, { type }) => (type === 'SEND_RECEIPT' && dropped++ === 0 ? 'drop' : 'pass');
    const sent = producer.send({ data: bytes('a') });
    await until(() => dropped > 0);
    proxy.kill();
    expect((await sent).parts.ledgerId).toBe(-1);
    expect(producer.lastSequenceId()).toBe(0);
  });

  test('a consumer gets everything, in order apart from repeats', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const consumer = await client.subscribe({ topic, subscription: 's', receiverQueueSize: 20 });
    const producer = await clients.client().createProducer({ topic, batchingMaxMessages: 5 });
    await Promise.all(numbers(200).map((value) => producer.send({ data: bytes(value) })));
    const seen = new Set<number>();
    while (seen.size < 200) {
      const message = await consumer.receive(10_000);
      const value = Number(message.getData().toString());
      expect(seen.has(value) || value === seen.size).toBe(true);
      if (value === seen.size && value % 60 === 30) proxy.kill();
      seen.add(value);
      await consumer.acknowledge(message);
    }
  });

  test('a reader goes on behind the last message it gave', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const producer = await clients.client().createProducer({ topic, batchingMaxMessages: 10 });
    await Promise.all(numbers(100).map((value) => producer.send({ data: bytes(value) })));
    const reader = await client.createReader({ topic, startMessageId: MessageId.earliest() });
    const values: string[] = [];
    for (let i = 0; i < 100; i++) {
      if (i % 33 === 15) proxy.kill();
      values.push((await reader.readNext(10_000)).getData().toString());
    }
    expect(values).toEqual(numbers(100));
  });

  test('a topic that is unloaded is found again', async () => {
    const topic = use().topic();
    const client = clients.client();
    const consumer = await client.subscribe({ topic, subscription: 's' });
    const producer = await client.createProducer({ topic, batchingEnabled: false });
    await producer.send({ data: bytes('0') });
    await unload(use(), topic);
    await producer.send({ data: bytes('1') });
    const values = new Set<string>();
    while (values.size < 2) values.add((await consumer.receive(10_000)).getData().toString());
    expect([...values]).toEqual(['0', '1']);
  });

  test('acknowledgements collected while disconnected are sent afterwards', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const options = { topic, subscription: 's', subscriptionType: 'Shared' } as const;
    const consumer = await client.subscribe(options);
    const producer = await clients.client().createProducer({ topic });
    await producer.send({ data: bytes('a') });
    const message = await consumer.receive(10_000);
    proxy.kill();
    await consumer.acknowledge(message);
    await until(() => consumer.isConnected() && proxy.seen.some(({ command }) => command.type === 'ACK'));
    await consumer.close();
    const next = await clients.client().subscribe(options);
    await expect(next.receive(300)).rejects.toThrow('TimeOut');
  });
}
