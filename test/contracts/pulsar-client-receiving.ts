import { expect, test } from '@jest/globals';
import { bytes, numbers, receiveValues, type UseBroker, until, usePulsarClients } from './pulsar-client-kit.ts';

const earliest = { subscription: 's', subscriptionInitialPosition: 'Earliest' } as const;

/** How a consumer's messages get to the application: its queue, or none, receives, batches and listeners. */
export function receivingCases(use: UseBroker): void {
  const clients = usePulsarClients(use);

  async function publish(topic: string, values: readonly string[], isBatched = false): Promise<void> {
    const producer = await clients.client().createProducer({
      topic,
      batchingEnabled: isBatched,
      batchingMaxPublishDelayMs: 50,
    });
    await Promise.all(values.map((value) => producer.send({ data: bytes(value) })));
    await producer.close();
  }

  test('gets no more ahead than its queue takes, and more as messages are taken', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const consumer = await clients
      .client({ serviceUrl: proxy.serviceUrl })
      .subscribe({ topic, ...earliest, receiverQueueSize: 10 });
    await publish(topic, numbers(100));
    const delivered = () => proxy.seen.filter(({ command }) => command.type === 'MESSAGE').length;
    await until(() => delivered() === 10);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(delivered()).toBe(10);
    expect(await receiveValues(consumer, 100)).toEqual(numbers(100));
  });

  test('with a queue of 0 asks for each message', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const consumer = await clients
      .client({ serviceUrl: proxy.serviceUrl })
      .subscribe({ topic, ...earliest, receiverQueueSize: 0 });
    await publish(topic, numbers(3));
    expect(await receiveValues(consumer, 2)).toEqual(numbers(2));
    expect(proxy.seen.filter(({ command }) => command.type === 'MESSAGE')).toHaveLength(2);
  });

  test('with a queue of 0 takes whole batches, and asks for the next when they are taken', async () => {
    const topic = use().topic();
    const batchReceivePolicy = { maxNumMessages: 5, timeoutMs: 10_000 };
    const consumer = await clients.client().subscribe({ topic, ...earliest, receiverQueueSize: 0, batchReceivePolicy });
    for (const from of [0, 5, 10]) await publish(topic, numbers(5, from), true);
    expect(await receiveValues(consumer, 10)).toEqual(numbers(10));
    const batch = await consumer.batchReceive();
    expect(batch.map((message) => message.getData().toString())).toEqual(numbers(5, 10));
  });

  test('with a queue of 0 asks for one message, however often nobody waited long enough', async () => {
    const proxy = await clients.proxy();
    const topic = use().topic();
    const client = clients.client({ serviceUrl: proxy.serviceUrl });
    const consumer = await client.subscribe({ topic, ...earliest, receiverQueueSize: 0 });
    for (let i = 0; i < 5; i++) await expect(consumer.receive(1)).rejects.toThrow('TimeOut');
    const permits = () =>
      proxy.seen.flatMap(({ command }) => (command.type === 'FLOW' ? [command.fields.messagePermits] : []));
    expect(permits()).toEqual([1]);
    await publish(topic, numbers(4));
    expect(await receiveValues(consumer, 4)).toEqual(numbers(4));
    expect(permits()).toEqual([1, 1, 1, 1]);
  });

  test('several receives wait side by side and are answered in order', async () => {
    const topic = use().topic();
    const consumer = await clients.client().subscribe({ topic, ...earliest });
    const waits = numbers(3).map(() => consumer.receive());
    await publish(topic, numbers(3));
    expect((await Promise.all(waits)).map((message) => message.getData().toString())).toEqual(numbers(3));
  });

  test('batchReceive gives what is there by the limits of its policy', async () => {
    const topic = use().topic();
    const consumer = await clients.client().subscribe({
      topic,
      ...earliest,
      batchReceivePolicy: { maxNumMessages: 4, timeoutMs: 2_000 },
    });
    expect(await consumer.batchReceive()).toEqual([]);
    await publish(topic, numbers(6));
    const sizes = [(await consumer.batchReceive()).length, (await consumer.batchReceive()).length];
    expect(sizes).toEqual([4, 2]);
  });

  test('batchReceive gives no more bytes than its policy says, unless one message has more', async () => {
    const topic = use().topic();
    const batchReceivePolicy = { maxNumBytes: 10, timeoutMs: 10_000 };
    const consumer = await clients.client().subscribe({ topic, ...earliest, batchReceivePolicy });
    await publish(topic, ['aaaa', 'bbbb', 'cccc', 'd'.repeat(12), 'eeeee', 'fffff'], true);
    const batches: string[][] = [];
    for (let i = 0; i < 4; i++) {
      batches.push((await consumer.batchReceive()).map((message) => message.getData().toString()));
    }
    expect(batches).toEqual([['aaaa', 'bbbb'], ['cccc'], ['d'.repeat(12)], ['eeeee', 'fffff']]);
  });

  test('a listener gets one message at a time, also after one failed', async () => {
    const topic = use().topic();
    const heard: string[] = [];
    let running = 0;
    const consumer = await clients.client().subscribe({
      topic,
      ...earliest,
      listener: async (message, self) => {
        expect(++running).toBe(1);
        await self.acknowledge(message);
        heard.push(message.getData().toString());
        running--;
        if (heard.length === 2) throw new Error('refused');
      },
    });
    await publish(topic, numbers(5));
    await until(() => heard.length === 5);
    expect(heard).toEqual(numbers(5));
    await expect(consumer.receive()).rejects.toThrow('Failed to receive message: InvalidConfiguration');
  });
}
