import { Client } from '../../src/pulsar/index.ts';
import { BATCH } from '../peers/node/task.ts';

/** What to publish. */
interface Filling {
  readonly serviceUrl: string;
  readonly backlog: number;
  readonly payloadBytes: number;
}

const CHUNK = 10_000;

/** Publishes `backlog` messages in batches of 100, which a subscription keeps. */
export const fillTopic = async ({ serviceUrl, backlog, payloadBytes }: Filling, topic: string): Promise<void> => {
  const client = new Client({ serviceUrl, logLevel: 3 });
  await client.subscribe({
    topic,
    subscription: 'keep',
    subscriptionInitialPosition: 'Earliest',
    receiverQueueSize: 1,
  });
  const producer = await client.createProducer({
    topic,
    batchingMaxMessages: BATCH,
    maxPendingMessages: CHUNK,
  });
  const data = Buffer.alloc(payloadBytes, 'x');
  for (let sent = 0; sent < backlog; sent += CHUNK) {
    await Promise.all(Array.from({ length: Math.min(CHUNK, backlog - sent) }, () => producer.send({ data })));
  }
  await client.close();
};
