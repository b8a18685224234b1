import { setTimeout as sleep } from 'node:timers/promises';
import { rabbitmqConfigs, rabbitmqQueue } from '../connectors/rabbitmq-queue.ts';
import type { RabbitmqAddress } from '../services/index.ts';
import { inputRecord } from './growing-file.ts';
import type { Input } from './input.ts';
import { leftInInbox } from './left-in-inbox.ts';

const PER_PAUSE = 10;
const DAY_MS = 86_400_000;

/** A durable queue of persistent messages that have an id; ten come every `pauseMs`. What a killed run held shows again when its connection has ended. */
export const rabbitmqInput = async (address: RabbitmqAddress, { pauseMs = 20 } = {}): Promise<Input> => {
  const of = await rabbitmqQueue(address, { messageTtl: DAY_MS });
  return {
    sourceType: 'rabbitmq',
    configs: { ...rabbitmqConfigs(address), queueName: of.queue, messageTtlMs: DAY_MS, pollIntervalMs: 200 },
    feed: async (records, isEnough = async () => false) => {
      let from = 0;
      for (; from < records && !(await isEnough()); from += PER_PAUSE) {
        for (let n = from; n < Math.min(from + PER_PAUSE, records); n++)
          await of.send([JSON.stringify(inputRecord(n))], { messageId: `${n}` });
        await sleep(pauseMs);
      }
      return Math.min(from, records);
    },
    isRead: async (storePath) => (await of.count()) === 0 && leftInInbox(storePath) === 0,
    dispose: () => of[Symbol.asyncDispose](),
  };
};
