import type { ConsumeMessage } from 'amqplib';
import { rabbitmqConfigs, rabbitmqQueue } from '../connectors/rabbitmq-queue.ts';
import type { RabbitmqAddress } from '../services/index.ts';
import type { Target } from './target.ts';

/** A durable queue that a consumer of its own empties: a repeated message is another row. */
export const rabbitmqTarget = async (address: RabbitmqAddress): Promise<Target> => {
  const of = await rabbitmqQueue(address);
  const found: number[] = [];
  const take = (message: ConsumeMessage | null): void => {
    // Null: the queue was removed.
    if (message) found.push((JSON.parse(String(message.content)) as { n: number }).n);
  };
  await of.channel.consume(of.queue, take, { noAck: true });
  const distinct = async (): Promise<number> => new Set(found).size;
  return {
    name: 'RabbitMQ',
    sinkType: 'rabbitmq',
    configs: { ...rabbitmqConfigs(address), exchangeName: '', routingKey: of.queue },
    sourceConfigs: {},
    repeatsAreRows: true,
    rows: async () => found.length,
    distinct,
    read: async () => found,
    repeatedWrites: async () => found.length - (await distinct()),
    [Symbol.asyncDispose]: () => of[Symbol.asyncDispose](),
  };
};
