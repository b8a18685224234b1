import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { measureLatency } from './latency.ts';
import type { Task } from './task.ts';
import { type Measured, Window } from './window.ts';

/** What is used of npm `pulsar-flex`, which has no types. It is installed in a folder of its own, where this file's bundle is put. */
interface PulsarFlex {
  readonly Producer: new (
    options: object,
  ) => {
    create(): Promise<unknown>;
    sendMessage(message: { payload: string | Buffer }): Promise<unknown>;
    sendBatch(batch: { messages: readonly { payload: string; properties: object }[] }): Promise<unknown>;
  };
  readonly Consumer: {
    new (
      options: object,
    ): {
      subscribe(): Promise<unknown>;
      run(options: {
        autoAck: boolean;
        onMessage: (received: { message: Buffer; ack(): Promise<unknown> }) => unknown;
      }): Promise<unknown>;
    };
    readonly SUB_TYPES: Readonly<Record<'EXCLUSIVE', number>>;
    readonly INITIAL_POSITION: Readonly<Record<'LATEST' | 'EARLIEST', number>>;
  };
  readonly logLevel: Readonly<Record<string, number>>;
}

const task = JSON.parse(process.argv[2] ?? '') as Task;
const { Producer, Consumer, logLevel } = createRequire(import.meta.url)('pulsar-flex') as PulsarFlex;
const window = new Window(task.warmUpMs, task.measureMs);
const common = {
  topic: task.topic,
  discoveryServers: [task.serviceUrl.replace('pulsar://', '')],
  logLevel: logLevel.ERROR,
};
/** Its users make the batches themselves. */
const BATCH = 100;
const MAX_BATCHES_UNDER_WAY = 50;

const produce = async (): Promise<Measured> => {
  const producer = new Producer(common);
  await producer.create();
  const message = { payload: 'x'.repeat(task.payloadBytes), properties: {} };
  const messages = Array.from({ length: BATCH }, () => message);
  const send = async () => {
    while (!window.isClosed) {
      await (task.isBatching ? producer.sendBatch({ messages }) : producer.sendMessage(message));
      window.add(task.isBatching ? BATCH : 1);
    }
  };
  await Promise.all(Array.from({ length: MAX_BATCHES_UNDER_WAY }, send));
  return window.result();
};

const consume = async (position: number, onMessage: (message: Buffer) => void): Promise<void> => {
  const consumer = new Consumer({
    ...common,
    subscription: randomUUID(),
    subType: Consumer.SUB_TYPES.EXCLUSIVE,
    consumerName: 'bench',
    receiveQueueSize: 1000,
    initialPosition: position,
  });
  await consumer.subscribe();
  await consumer.run({
    autoAck: false,
    onMessage: async ({ message, ack }) => {
      await ack();
      onMessage(message);
    },
  });
};

const receive = async (): Promise<Measured> => {
  const done = Promise.withResolvers<void>();
  await consume(Consumer.INITIAL_POSITION.EARLIEST, () => {
    window.add();
    if (window.isClosed) done.resolve();
  });
  await done.promise;
  return window.result();
};

const latency = async () => {
  const received: Buffer[] = [];
  let wake: (() => void) | undefined;
  await consume(Consumer.INITIAL_POSITION.LATEST, (message) => {
    received.push(message);
    wake?.();
  });
  const producer = new Producer(common);
  await producer.create();
  return measureLatency(task, {
    send: (data) => producer.sendMessage({ payload: data }),
    receive: async () => {
      while (received.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return received.shift() as Buffer;
    },
  });
};

const scenarios: Partial<Record<Task['scenario'], () => Promise<object>>> = { produce, receive, latency };
console.log(JSON.stringify(await scenarios[task.scenario]?.()));
process.exit();
