import { afterEach, expect } from '@jest/globals';
import { Client, type ClientConfig, type Consumer } from '../../src/pulsar/index.ts';
import { openSession, type PulsarSession, type SessionOptions } from '../../src/pulsar/session.ts';
import { startWireProxy, type WireProxy } from '../pulsar/kit/wire-proxy.ts';

/** A broker to test against. */
export interface BrokerAddress {
  readonly serviceUrl: string;
  readonly adminUrl?: string | undefined;
  stop(): Promise<void>;
}

/** A prepared broker: topics come from a namespace that deduplicates. */
export interface Broker extends BrokerAddress {
  /** A new topic name. */
  topic(): string;
  /** Creates a topic with partitions. */
  partitionedTopic(partitions: number, name?: string): Promise<string>;
  /** Gives a topic more partitions. */
  growPartitions(topic: string, partitions: number): Promise<void>;
}

export type UseBroker = () => Broker;

/** Calls the admin side of a broker; rejects with its answer when that is no success. */
export async function admin(address: BrokerAddress, method: string, path: string, body?: unknown): Promise<void> {
  const response = await fetch(`${address.adminUrl}/admin/v2/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

/** Makes a namespace of its own that deduplicates. */
export async function prepareBroker(address: BrokerAddress): Promise<Broker> {
  const namespace = `public/pc-${Date.now().toString(36)}`;
  await admin(address, 'PUT', `namespaces/${namespace}`, { replication_clusters: ['standalone'] });
  await admin(address, 'POST', `namespaces/${namespace}/deduplication`, true);
  let count = 0;
  const topic = () => `persistent://${namespace}/t${++count}`;
  return {
    ...address,
    topic,
    growPartitions: (name, partitions) => admin(address, 'POST', `${name.replace('://', '/')}/partitions`, partitions),
    partitionedTopic: async (partitions, name = topic()) => {
      await admin(address, 'PUT', `${name.replace('://', '/')}/partitions`, partitions);
      return name;
    },
  };
}

/** Asks the broker's admin side to unload a topic, which closes its producers and consumers. */
export async function unload(broker: Broker, topic: string): Promise<void> {
  await admin(broker, 'PUT', `${topic.replace('://', '/')}/unload`);
}

/** Entries of a subscription that are not acknowledged, as the broker's statistics say. */
export async function backlog(broker: Broker, topic: string, subscription: string): Promise<number> {
  const response = await fetch(`${broker.adminUrl}/admin/v2/${topic.replace('://', '/')}/stats`);
  const stats = (await response.json()) as { subscriptions: Record<string, { msgBacklog: number }> };
  return stats.subscriptions[subscription]?.msgBacklog ?? -1;
}

/** Clients, sessions and proxies that end with the test. */
export function usePulsarClients(use: UseBroker) {
  let cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
    cleanups = [];
  });
  return {
    client(options: Partial<ClientConfig> = {}): Client {
      const client = new Client({ serviceUrl: use().serviceUrl, log: () => undefined, ...options });
      cleanups.push(() => client.close().catch(() => undefined));
      return client;
    },
    async session(options: Partial<SessionOptions> = {}): Promise<PulsarSession> {
      const session = await openSession({ serviceUrl: use().serviceUrl, ...options });
      cleanups.push(() => session.destroy());
      return session;
    },
    async proxy(): Promise<WireProxy> {
      const proxy = await startWireProxy(use().serviceUrl);
      cleanups.push(() => proxy.stop());
      return proxy;
    },
  };
}

export const bytes = (value: string): Buffer => Buffer.from(value);

/** The values 0…count-1 as text. */
export const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i));

/** Receives `count` messages and gives their values. */
export async function receiveValues(consumer: Pick<Consumer, 'receive'>, count: number): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) values.push((await consumer.receive(10_000)).getData().toString());
  return values;
}

/** Expects that nothing more comes within a moment. */
export async function expectNothingMore(consumer: Pick<Consumer, 'receive'>): Promise<void> {
  await expect(consumer.receive(300)).rejects.toThrow('Failed to receive message: TimeOut');
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error('the awaited condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
