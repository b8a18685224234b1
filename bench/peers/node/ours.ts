import { randomUUID } from 'node:crypto';
import { Client, type Consumer, type ConsumerConfig, type Message } from '../../../src/pulsar/index.ts';
import { measureLatency } from './latency.ts';
import { MAX_PENDING, type Task } from './task.ts';
import { type Measured, Window } from './window.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const { serviceUrl, topic, isBatching } = task;
const client = new Client({ serviceUrl, logLevel: 3 });
const window = new Window(task.warmUpMs, task.measureMs);

const subscribe = (extra: Partial<ConsumerConfig>): Promise<Consumer> =>
  client.subscribe({ topic, subscription: randomUUID(), subscriptionInitialPosition: 'Earliest', ...extra });

const isDone = (): boolean => {
  if (window.total >= task.backlog) window.close();
  return window.isClosed;
};

const produce = async (): Promise<Measured> => {
  const producer = await client.createProducer({
    topic,
    batchingEnabled: isBatching,
    maxPendingMessages: MAX_PENDING,
    blockIfQueueFull: true,
  });
  const message = { data: Buffer.alloc(task.payloadBytes, 'x') };
  const done = Promise.withResolvers<void>();
  let pending = 0;
  const onReceipt = () => {
    pending--;
    window.add();
    if (window.isClosed) done.resolve();
    else pump();
  };
  const pump = () => {
    while (pending < MAX_PENDING) {
      pending++;
      producer.send(message).then(onReceipt, done.reject);
    }
  };
  pump();
  await done.promise;
  return window.result();
};

const receive = async (): Promise<Measured> => {
  const consumer = await subscribe({});
  while (!isDone()) {
    consumer.acknowledge(await consumer.receive(10_000));
    window.add();
  }
  return window.result();
};

const batchReceive = async (): Promise<Measured> => {
  const consumer = await subscribe({ batchReceivePolicy: { maxNumMessages: 100, timeoutMs: 100 } });
  while (!isDone()) {
    const messages = await consumer.batchReceive();
    for (const message of messages) consumer.acknowledge(message);
    window.add(messages.length);
  }
  return window.result();
};

const listen = async (): Promise<Measured> => {
  const done = Promise.withResolvers<void>();
  await subscribe({
    listener: (message: Message, consumer: Consumer) => {
      consumer.acknowledge(message);
      window.add();
      if (isDone()) done.resolve();
    },
  });
  await done.promise;
  return window.result();
};

const latency = async () => {
  const consumer = await subscribe({ subscriptionInitialPosition: 'Latest' });
  const producer = await client.createProducer({ topic, batchingEnabled: isBatching });
  return measureLatency(task, {
    send: (data) => producer.send({ data }),
    receive: async () => {
      const message = await consumer.receive();
      consumer.acknowledge(message);
      return message.getData();
    },
  });
};

const scenarios = { produce, receive, batchReceive, listener: listen, latency };
const result = await scenarios[task.scenario]();
console.log(JSON.stringify(result));
process.exit();
