import { connect } from 'amqplib';
import { rabbitmqConfigs, rabbitmqQueue } from '../../../test/connectors/rabbitmq-queue.ts';
import { rabbitmqTarget } from '../../../test/e2e/rabbitmq-target.ts';
import { type RabbitmqAddress, startRabbitmq } from '../../../test/services/rabbitmq.ts';
import { type Filled, pagesOf, rowsOf, type System, stop, type Writer } from '../system.ts';

const PREFETCH = 1_000;

const write =
  ({ host, port }: RabbitmqAddress): Writer =>
  async ({ configs }, batches) => {
    const connection = await connect({ hostname: host, port });
    const channel = await connection.createConfirmChannel();
    return async () => {
      for (const batch of batches) {
        for (const row of rowsOf(batch))
          channel.publish('', String(configs.routingKey), Buffer.from(JSON.stringify(row)), { persistent: true });
        await channel.waitForConfirms();
      }
      await connection.close();
    };
  };

const fill = async (address: RabbitmqAddress, records: number): Promise<Filled> => {
  const of = await rabbitmqQueue(address);
  for (const rows of pagesOf(records, PREFETCH)) await of.send(rows.map((row) => JSON.stringify(row)));
  return {
    configs: { ...rabbitmqConfigs(address), queueName: of.queue, prefetchCount: PREFETCH },
    raw: async () => async () => {
      let count = 0;
      const done = Promise.withResolvers<void>();
      await of.channel.prefetch(PREFETCH);
      await of.channel.consume(of.queue, (message) => {
        if (!message) return;
        count += 1;
        // All up to it, now and then.
        if (count % (PREFETCH / 4) === 0 || count === records) of.channel.ack(message, true);
        if (count === records) done.resolve();
      });
      await done.promise;
      return count;
    },
    dispose: () => of[Symbol.asyncDispose](),
  };
};

/** RabbitMQ: 1,000 publications and their confirmations, and a consumer with a prefetch of 1,000 that acknowledges 250 at once. */
export const rabbitmq = async (): Promise<System> => {
  const server = await startRabbitmq();
  return {
    sink: {
      records: 20_000,
      target: () => rabbitmqTarget(server.address),
      modes: { '': {} },
      guarantees: ['ATLEAST_ONCE'],
      raw: write(server.address),
    },
    source: { sourceType: 'rabbitmq', records: 20_000, fill: (records) => fill(server.address, records) },
    ...stop(server),
  };
};
