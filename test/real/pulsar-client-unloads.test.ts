import { beforeAll, expect, test } from '@jest/globals';
import { type Client, type ConsumerConfig, type Message, MessageId, type PulsarError } from '../../src/pulsar/index.ts';
import {
  admin,
  type Broker,
  backlog,
  bytes,
  expectNothingMore,
  numbers,
  prepareBroker,
  until,
  usePulsarClients,
} from '../contracts/pulsar-client-kit.ts';
import { describeReal, usePulsar } from '../services/index.ts';

const COUNT = 1_000;
const KEYS = 10;
const LIMIT_MS = 60_000;

/** What a subscription was given. Where it is ordered, first deliveries come in order, by key; what is not acknowledged may come again. */
class Seen {
  private readonly isOrdered: boolean;
  private readonly all = new Set<string>();
  private readonly next = new Map<string, number>();
  readonly outOfOrder: string[] = [];

  constructor(isOrdered = true) {
    this.isOrdered = isOrdered;
  }

  get total(): number {
    return this.all.size;
  }

  note(message: Message): void {
    const key = message.getPartitionKey();
    const value = Number(message.getData().toString());
    if (this.all.has(`${key}:${value}`)) return;
    this.all.add(`${key}:${value}`);
    const expected = this.next.get(key) ?? 0;
    if (this.isOrdered && value !== expected) this.outOfOrder.push(`${key}: ${value} for ${expected}`);
    this.next.set(key, value + 1);
  }
}

describeReal('a broker that unloads its bundles', ['pulsar'], () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await prepareBroker({ ...usePulsar(), stop: async () => undefined });
  });
  const clients = usePulsarClients(() => broker);

  /** Unloads each bundle of the namespace alone, then all of them at once. */
  async function unloadEverything(topic: string): Promise<void> {
    const [, namespace] = /^persistent:\/\/(.+)\//.exec(topic) ?? [];
    const response = await fetch(`${broker.adminUrl}/admin/v2/namespaces/${namespace}/bundles`);
    const { boundaries } = (await response.json()) as { boundaries: string[] };
    for (let i = 1; i < boundaries.length; i++) {
      await admin(broker, 'PUT', `namespaces/${namespace}/${boundaries[i - 1]}_${boundaries[i]}/unload`);
    }
    await admin(broker, 'PUT', `namespaces/${namespace}/unload`);
  }

  /** Takes and acknowledges what comes, until the client is closed. An acknowledgement that failed is for the next delivery. */
  async function consume(client: Client, config: ConsumerConfig, seen = new Seen()) {
    const options = { subscriptionInitialPosition: 'Earliest', batchIndexAckEnabled: true, ackReceipt: true } as const;
    const consumer = await client.subscribe({ ...options, receiverQueueSize: 50, ...config });
    const state = { consumer, seen, unconfirmed: 0, isPaused: false };
    const settled = () => state.unconfirmed--;
    const onMessage = (message: Message) => {
      seen.note(message);
      state.unconfirmed++;
      consumer.acknowledge(message).then(settled, settled);
    };
    const loop = async () => {
      while (!state.isPaused) {
        await consumer.receive(500).then(onMessage, (error: PulsarError) => {
          if (error.code !== 'TimeOut') state.isPaused = true;
        });
      }
    };
    return { ...state, state, done: loop() };
  }

  async function storedValues(topic: string): Promise<Map<string, string[]>> {
    const reader = await clients.client().createReader({ topic, startMessageId: MessageId.earliest() });
    const stored = new Map<string, string[]>();
    while (await reader.hasMessageAvailable()) {
      const message = await reader.readNext(10_000);
      const key = message.getPartitionKey();
      stored.set(key, [...(stored.get(key) ?? []), message.getData().toString()]);
    }
    return stored;
  }

  test(
    'loses, repeats and disorders nothing of a deduplicated producer, and consumers of every type get all of it in order',
    async () => {
      const log = broker.topic();
      const keyed = await broker.partitionedTopic(4);
      const client = clients.client();
      const ofKeys = new Seen();
      const keyShared = { topic: keyed, subscription: 'key-shared', subscriptionType: 'KeyShared' } as const;
      const consumers = await Promise.all([
        consume(client, { topic: log, subscription: 'exclusive' }),
        consume(client, { topic: log, subscription: 'failover', subscriptionType: 'Failover' }),
        consume(client, { topic: keyed, subscription: 'shared', subscriptionType: 'Shared' }, new Seen(false)),
        consume(client, keyShared, ofKeys),
        consume(clients.client(), keyShared, ofKeys),
      ]);
      const batches = { batchingMaxMessages: 5, blockIfQueueFull: true } as const;
      const plain = await client.createProducer({ topic: log, producerName: 'plain', ...batches });
      const byKey = { producerName: 'by-key', batchingType: 'KeyBasedBatching', ...batches } as const;
      const keys = await client.createProducer({ topic: keyed, ...byKey });
      const sends: Promise<unknown>[] = [];
      let isUnloading = true;
      const unloading = unloadEverything(log).finally(() => (isUnloading = false));
      let count = 0;
      while (isUnloading || count < COUNT) {
        sends.push(plain.send({ data: bytes(String(count)) }));
        const data = bytes(String(Math.floor(count / KEYS)));
        sends.push(keys.send({ data, partitionKey: `k${count % KEYS}` }));
        if (++count % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await unloading;
      await Promise.all(sends);
      expect(await storedValues(log)).toEqual(new Map([['', numbers(count)]]));
      const stored = await storedValues(keyed);
      for (const [key, values] of stored) expect([key, values]).toEqual([key, numbers(values.length)]);
      expect([...stored.values()].flat()).toHaveLength(count);
      await until(() => consumers.every(({ seen }) => seen.total === count), LIMIT_MS);
      expect(consumers.map(({ seen }) => seen.outOfOrder)).toEqual([[], [], [], [], []]);
      await until(() => consumers.every(({ state }) => state.unconfirmed === 0), LIMIT_MS);
      for (const { state } of consumers) state.isPaused = true;
      await Promise.all(consumers.map(({ done }) => done));
      await unloadEverything(log);
      await until(() => consumers.every(({ consumer }) => consumer.isConnected()), LIMIT_MS);
      await Promise.all(consumers.map(({ consumer }) => expectNothingMore(consumer)));
      expect([await backlog(broker, log, 'exclusive'), await backlog(broker, log, 'failover')]).toEqual([0, 0]);
    },
    3 * LIMIT_MS,
  );
});
