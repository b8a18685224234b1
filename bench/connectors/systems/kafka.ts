import { ProduceAcks, Producer } from '@platformatic/kafka';
import { type Kafka, logLevel } from 'kafkajs';
import { kafkaClient, kafkaTarget, kafkaTopic } from '../../../test/e2e/kafka-target.ts';
import { type KafkaAddress, startKafka } from '../../../test/services/kafka.ts';
import { type Filled, pagesOf, rowsOf, type System, stop, type Writer } from '../system.ts';

const PAGE = 1_000;

const producerOf = ({ bootstrapServers }: KafkaAddress): Producer =>
  new Producer({ clientId: 'bench', bootstrapBrokers: [bootstrapServers] });

const write =
  (address: KafkaAddress): Writer =>
  async ({ configs }, batches) => {
    const producer = producerOf(address);
    return async () => {
      for (const batch of batches) {
        const messages = rowsOf(batch).map((row) => ({
          ...{ topic: String(configs.topic), key: Buffer.from(row.id), value: Buffer.from(JSON.stringify(row)) },
        }));
        await producer.send({ messages, acks: ProduceAcks.ALL });
      }
      await producer.close();
    };
  };

const fill = async (address: KafkaAddress, records: number): Promise<Filled> => {
  const client = kafkaClient(address);
  const topic = await kafkaTopic(client);
  const producer = client.producer();
  await producer.connect();
  for (const rows of pagesOf(records, PAGE))
    await producer.send({ topic, messages: rows.map((row) => ({ key: row.id, value: JSON.stringify(row) })) });
  await producer.disconnect();
  return {
    configs: { bootstrapServers: address.bootstrapServers, groupId: 'bench', topic },
    raw: () => rawReader(client, topic, records),
  };
};

/** Counted from its first batch: until then it joins its group, for seconds. */
const rawReader = async (client: Kafka, topic: string, records: number): Promise<() => Promise<number>> => {
  const consumer = client.consumer({ groupId: topic });
  client.logger().setLogLevel(logLevel.NOTHING);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let count = 0;
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const may = Promise.withResolvers<void>();
  await consumer.run({
    eachBatch: async ({ batch }) => {
      begun.resolve();
      await may.promise;
      count += batch.messages.length;
      if (count >= records) done.resolve();
    },
  });
  await begun.promise;
  return async () => {
    may.resolve();
    await done.promise;
    await consumer.disconnect();
    return count;
  };
};

/** Kafka: `send` of 1,000 messages to all replicas, and kafkajs's `eachBatch`. */
export const kafka = async (): Promise<System> => {
  const server = await startKafka();
  return {
    sink: {
      records: 20_000,
      target: () => kafkaTarget(server.address),
      modes: { '': {} },
      raw: write(server.address),
    },
    source: { sourceType: 'kafka', records: 100_000, fill: (records) => fill(server.address, records) },
    ...stop(server),
  };
};
