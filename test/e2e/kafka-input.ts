import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaAddress } from '../services/index.ts';
import { inputRecord } from './growing-file.ts';
import type { Input } from './input.ts';
import { kafkaClient, kafkaTopic } from './kafka-target.ts';
import { positionsOf } from './positions.ts';

/** A topic of one partition that `perStep` records are added to every `pauseMs`, with an aborted transaction among them now and then. */
export const kafkaInput = async (address: KafkaAddress, { perStep = 20, pauseMs = 80 } = {}): Promise<Input> => {
  const client = kafkaClient(address);
  const topic = await kafkaTopic(client);
  const producer = client.producer();
  const aborting = client.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
  const admin = client.admin();
  await Promise.all([producer.connect(), aborting.connect(), admin.connect()]);
  const abort = async (): Promise<void> => {
    const transaction = await aborting.transaction();
    await transaction.send({ topic, messages: [{ value: JSON.stringify(inputRecord(0)) }] });
    await transaction.abort();
  };
  return {
    sourceType: 'kafka',
    configs: { bootstrapServers: address.bootstrapServers, groupId: 'g', topic, pollIntervalMs: 200 },
    feed: async (records, isEnough = async () => false) => {
      let from = 0;
      for (let step = 0; from < records && !(await isEnough()); from += perStep, step++) {
        const count = Math.min(perStep, records - from);
        const messages = Array.from({ length: count }, (_, index) => inputRecord(from + index));
        await producer.send({ topic, messages: messages.map((it) => ({ key: it.id, value: JSON.stringify(it) })) });
        if (step % 25 === 0) await abort();
        await sleep(pauseMs);
      }
      return Math.min(from, records);
    },
    isRead: async (storePath) => {
      const [end] = await admin.fetchTopicOffsets(topic);
      const offsets = positionsOf(storePath).map(({ offset }) => Number(offset));
      // A marker of an aborted transaction may lie behind the last record.
      return Math.max(0, ...offsets) >= Number(end?.high) - 2;
    },
    dispose: async () => {
      await Promise.all([producer.disconnect(), aborting.disconnect(), admin.disconnect()]);
    },
  };
};
