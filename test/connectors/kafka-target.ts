import { randomUUID } from 'node:crypto';
import { kafkaSink } from '../../src/connectors/kafka/sink.ts';
import type { OpenContext, OpenSink, SinkType, TransactionalSink } from '../../src/core/connector-type.ts';
import type { SourceRecord } from '../../src/core/record.ts';
import type { RoutedSinkHarness } from '../contracts/routed-sink.ts';
import { type SinkHarness, sinkRecord } from '../contracts/sink.ts';
import type { SinkValuesHarness } from '../contracts/sink-trouble.ts';
import { readAll, textOf } from '../contracts/source.ts';
import type { KafkaAddress } from '../services/index.ts';
import { type KafkaTopic, kafkaTopic } from './kafka-log.ts';
import { configOf, context } from './open.ts';

const sink = kafkaSink as SinkType;

/** A topic that sessions of the sink write to. */
export interface KafkaTarget {
  readonly topic: KafkaTopic;
  /** Compacted, where its frontiers lie. */
  readonly checkpointTopic: string;
  open(more?: Record<string, unknown>, given?: Partial<OpenContext>): Promise<TransactionalSink>;
  /** What readers of committed records find in a partition. */
  records(partition?: number): Promise<SourceRecord[]>;
}

/** Makes a topic; with `settings` of its own. */
export const kafkaTarget = async (
  address: KafkaAddress,
  settings: Readonly<Record<string, string>> = {},
  partitions = 1,
): Promise<KafkaTarget> => {
  const topic = await kafkaTopic(address, partitions, settings);
  const { bootstrapServers } = address;
  const checkpointTopic = `c-${randomUUID()}`;
  const base = { bootstrapServers, acks: 'all', topic: topic.name, checkpointTopic };
  return {
    topic,
    checkpointTopic,
    open: async (more = {}, given = {}) =>
      (await sink.open(configOf(sink, { ...base, ...more }), context(given))) as TransactionalSink,
    records: async (partition = 0) => {
      const source = await topic.open({ copyHeadersEnabled: true });
      const records = await readAll(source, `${topic.name}-${partition}`);
      await source.close();
      return records;
    },
  };
};

const bytes = (text: string) => ({ value: Buffer.from(text), bytes: Buffer.from(text) });

/** A record that puts `text` under `key`. */
export const kafkaRecord = (n: number, key: string | undefined, text: string) =>
  sinkRecord(n, { ...(key !== undefined && { key }), ...bytes(text) });

/** The target for the contracts: a compacted topic, which refuses what has no key; seen as its compaction would leave it. */
export const kafkaSinkHarness = async (
  address: KafkaAddress,
  more: Record<string, unknown> = {},
): Promise<SinkHarness> => {
  const target = await kafkaTarget(address, { 'cleanup.policy': 'compact', 'max.message.bytes': '1200000' });
  return {
    open: () => target.open(more, { guarantee: 'EFFECTIVELY_ONCE' }),
    record: (n, key, text) => kafkaRecord(n, key, text),
    poison: (n) => kafkaRecord(n, undefined, 'sekrit'),
    tombstone: (n, key) => sinkRecord(n, { key }),
    contents: async () => compacted(await target.records()),
    dispose: () => target.topic.dispose(),
  };
};

/** As compaction would leave them: text by key. */
const compacted = (records: readonly SourceRecord[]): Record<string, string> => {
  const all = new Map(records.map((record) => [record.key ?? '', record]));
  const left = [...all].filter(([, { value }]) => value !== null);
  return Object.fromEntries(left.map(([key, record]) => [key, textOf(record)]));
};

/** The same with another topic of other partitions, and one that a user may only look at. */
export const kafkaRoutedHarness = async (address: KafkaAddress): Promise<RoutedSinkHarness> => {
  const settings = { 'cleanup.policy': 'compact' };
  const home = await kafkaTarget(address, settings);
  const [other, forbidden] = [await kafkaTarget(address, settings, 3), await kafkaTarget(address)];
  const records = async () => (await Promise.all([0, 1, 2].map((partition) => other.records(partition)))).flat();
  for (const name of [home.topic.name, other.topic.name, home.checkpointTopic])
    await home.topic.allow('guest', 'all', name);
  await home.topic.allowTransactions('guest');
  await home.topic.allow('guest', 'describe', forbidden.topic.name);
  const login = {
    saslJaasConfig: `org.apache.kafka.common.security.plain.PlainLoginModule required username="guest" password="${address.password}";`,
    ...{ bootstrapServers: address.saslServers, securityProtocol: 'SASL_PLAINTEXT', saslMechanism: 'PLAIN' },
  };
  return {
    open: () => home.open(login, { guarantee: 'EFFECTIVELY_ONCE' }),
    record: (n, key, text) => kafkaRecord(n, key, text),
    poison: (n) => kafkaRecord(n, undefined, 'sekrit'),
    tombstone: (n, key) => sinkRecord(n, { key }),
    contents: async () => compacted(await home.records()),
    ...{ home: home.topic.name, other: other.topic.name },
    otherContents: async () => compacted(await records()),
    removeOther: () => other.topic.remove(),
    refused: ['sekrit', forbidden.topic.name, home.checkpointTopic, '__consumer_offsets', '..', '', 'sekrit sekrit'],
    dispose: async () => {
      for (const it of [home, other, forbidden]) await it.topic.dispose();
    },
  };
};

/** A key for each kind of value. */
export const kafkaValuesHarness = async (address: KafkaAddress): Promise<SinkValuesHarness> => {
  const target = await kafkaTarget(address);
  return {
    open: (): Promise<OpenSink> => target.open(),
    record: (n, kind, value) => sinkRecord(n, { key: kind, value }),
    read: async (kind) => (await target.records()).find(({ key }) => key === kind)?.value,
    dispose: () => target.topic.dispose(),
  };
};
