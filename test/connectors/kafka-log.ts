import { randomUUID } from 'node:crypto';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  CompressionTypes,
  Kafka,
  logLevel,
  type Message,
  ResourcePatternTypes,
} from 'kafkajs';
import { kafkaSource } from '../../src/connectors/kafka/source.ts';
import type { LogSourceType, OpenContext, OpenLogSource } from '../../src/core/connector-type.ts';
import type { KafkaAddress } from '../services/index.ts';
import { configOf, context } from './open.ts';

/** The source type, as the contracts take it. */
export const kafka = kafkaSource as LogSourceType;

/** Another client than the connector's own. */
export const kafkaClient = ({ bootstrapServers }: KafkaAddress): Kafka =>
  new Kafka({ clientId: 'test', brokers: [bootstrapServers], logLevel: logLevel.NOTHING });

/** A topic of a test's own, and sessions of the source that read it. */
export interface KafkaTopic {
  readonly name: string;
  put(messages: readonly (string | Message)[], partition?: number, compression?: CompressionTypes): Promise<void>;
  /** Writes `theirs` under each key, in the partition that this client chooses. */
  putKeys(keys: readonly string[]): Promise<void>;
  /** Allows a user an operation on a topic, or with every transactional id. */
  allow(user: string, operation: 'describe' | 'write' | 'all', topic: string): Promise<void>;
  allowTransactions(user: string): Promise<void>;
  /** Writes in one transaction, to another topic if one is named; the answer ends it. */
  begin(messages: readonly (string | Message)[], topic?: string): Promise<(ending: Ending) => Promise<void>>;
  transact(messages: readonly (string | Message)[], ending: Ending): Promise<void>;
  open(more?: Record<string, unknown>, given?: Partial<OpenContext>): Promise<OpenLogSource>;
  /** Removes what lies before an offset, as retention does. */
  truncate(before: number): Promise<void>;
  /** Deletes the topic, and makes another one of its name. */
  recreate(): Promise<void>;
  remove(): Promise<void>;
  dispose(): Promise<void>;
}

type Ending = 'commit' | 'abort';

const messageOf = (it: string | Message): Message => (typeof it === 'string' ? { value: it } : it);

const OPERATIONS = {
  ...{ describe: AclOperationTypes.DESCRIBE, write: AclOperationTypes.WRITE },
  all: AclOperationTypes.ALL,
};

/** Makes a topic. */
export const kafkaTopic = async (
  address: KafkaAddress,
  numPartitions = 1,
  settings: Readonly<Record<string, string>> = {},
): Promise<KafkaTopic> => {
  const client = kafkaClient(address);
  const admin = client.admin();
  const name = `t-${randomUUID()}`;
  const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
  const create = async (): Promise<boolean> =>
    admin.createTopics({ topics: [{ topic: name, numPartitions, configEntries }] });
  await admin.connect();
  await create();
  const producer = client.producer();
  await producer.connect();
  const begin = async (messages: readonly (string | Message)[], topic = name) => {
    const transactional = client.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true });
    await transactional.connect();
    const transaction = await transactional.transaction();
    await transaction.send({ topic, messages: messages.map((it) => ({ partition: 0, ...messageOf(it) })) });
    return async (ending: Ending) => {
      await transaction[ending]();
      await transactional.disconnect();
    };
  };
  const allow = async (
    user: string,
    operation: keyof typeof OPERATIONS,
    resourceType: number,
    resourceName: string,
  ) => {
    const entry = { resourceType, resourceName, principal: `User:${user}`, host: '*' };
    const rule = { operation: OPERATIONS[operation], permissionType: AclPermissionTypes.ALLOW };
    await admin.createAcls({ acl: [{ ...entry, ...rule, resourcePatternType: ResourcePatternTypes.LITERAL }] });
  };
  return {
    name,
    begin,
    put: async (messages, partition = 0, compression = CompressionTypes.None) => {
      const placed = messages.map((it) => ({ partition, ...messageOf(it) }));
      await producer.send({ topic: name, messages: placed, compression });
    },
    putKeys: async (keys) => {
      await producer.send({ topic: name, messages: keys.map((key) => ({ key, value: 'theirs' })) });
    },
    allow: (user, operation, topic) => allow(user, operation, AclResourceTypes.TOPIC, topic),
    allowTransactions: (user) => allow(user, 'all', AclResourceTypes.TRANSACTIONAL_ID, '*'),
    transact: async (messages, ending) => (await begin(messages))(ending),
    open: (more = {}, given = {}) => {
      const { bootstrapServers } = address;
      return kafka.open(configOf(kafka, { bootstrapServers, groupId: 'g', topic: name, ...more }), context(given));
    },
    truncate: async (before) => {
      // kafkajs asks brokers of today in a way that they refuse.
      const { Admin } = await import('@platformatic/kafka');
      const other = new Admin({ clientId: 'test', bootstrapBrokers: [address.bootstrapServers] });
      await other.deleteRecords({ topics: [{ name, partitions: [{ partition: 0, offset: BigInt(before) }] }] });
      await other.close();
    },
    recreate: async () => {
      await admin.deleteTopics({ topics: [name] });
      while (!(await create().catch(() => false))) await new Promise(setImmediate);
    },
    remove: async () => void (await admin.deleteTopics({ topics: [name] })),
    dispose: async () => {
      await admin.deleteTopics({ topics: [name] }).catch(() => undefined); // a test may have removed it
      await Promise.all([producer.disconnect(), admin.disconnect()]);
    },
  };
};

/** A topic with a dozen records for the contracts; read at `bootstrapServers`, where given. */
export const kafkaHarness = async (address: KafkaAddress, bootstrapServers = address.bootstrapServers) => {
  const made = await kafkaTopic(address);
  const texts = Array.from({ length: 12 }, (_, i) => `record ${i} žluť 🐎`);
  await made.put(texts.slice(0, 5));
  await made.put(texts.slice(5));
  return {
    type: kafka,
    open: () => made.open({ bootstrapServers }),
    partition: `${made.name}-0`,
    texts,
    grow: async () => {
      await made.put(['more', 'and more']);
      return ['more', 'and more'];
    },
    dispose: made.dispose,
  };
};
