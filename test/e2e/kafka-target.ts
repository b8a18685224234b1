import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaAddress } from '../services/index.ts';
import type { Target } from './target.ts';

/** A client that is not the connector's own. */
export const kafkaClient = ({ bootstrapServers }: KafkaAddress): Kafka =>
  new Kafka({ clientId: 'e2e', brokers: [bootstrapServers], logLevel: logLevel.NOTHING });

/** Makes a topic of one partition, so that the order can be checked; answers with its name. */
export const kafkaTopic = async (client: Kafka): Promise<string> => {
  const topic = `e2e-${randomUUID()}`;
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  return topic;
};

/** A Kafka topic, as a consumer of committed records sees it: a repeated write is another record. */
export const kafkaTarget = async (address: KafkaAddress): Promise<Target> => {
  const client = kafkaClient(address);
  const topic = await kafkaTopic(client);
  const seen: number[] = [];
  const distinct = new Set<number>();
  const consumer = client.consumer({ groupId: topic, readUncommitted: false, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { n } = JSON.parse(message.value?.toString('utf8') ?? '{}') as { n: number };
      seen.push(n);
      distinct.add(n);
    },
  });
  const { bootstrapServers } = address;
  return {
    name: 'Kafka',
    sinkType: 'kafka',
    // Where a run is killed, readers wait for what it left open no longer than this.
    configs: { bootstrapServers, topic, acks: 'all', producerConfigProperties: { 'transaction.timeout.ms': 10_000 } },
    sourceConfigs: {},
    repeatsAreRows: true,
    rows: async () => seen.length,
    distinct: async () => distinct.size,
    read: async () => seen,
    repeatedWrites: async () => seen.length - distinct.size,
    [Symbol.asyncDispose]: () => consumer.disconnect(),
  };
};
