import { randomUUID } from 'node:crypto';
import { connect, type GetMessage, type Options } from 'amqplib';
import type { RabbitmqAddress } from '../services/index.ts';

/** Config of a connector on that server. */
export const rabbitmqConfigs = ({ host, port }: Pick<RabbitmqAddress, 'host' | 'port'>) => ({
  connectionName: 'test',
  host,
  port,
});

/** A queue of one's own, seen by a client of one's own. */
export const rabbitmqQueue = async (address: RabbitmqAddress, options: Options.AssertQueue = {}) => {
  const connection = await connect({ hostname: address.host, port: address.port });
  connection.on('error', () => undefined);
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue(`q-${randomUUID()}`, { durable: true, ...options });
  return {
    queue,
    channel,
    /** Bodies in order; each gets its number as message id unless told otherwise. */
    send: async (bodies: readonly (string | Buffer)[], more: Options.Publish = {}): Promise<void> => {
      for (const [n, body] of bodies.entries())
        channel.sendToQueue(queue, Buffer.from(body), { persistent: true, messageId: `${n}`, ...more });
      await channel.waitForConfirms();
    },
    takeAll: async (): Promise<GetMessage[]> => {
      const all: GetMessage[] = [];
      for (;;) {
        const message = await channel.get(queue, { noAck: true });
        if (message === false) return all;
        all.push(message);
      }
    },
    count: async (): Promise<number> => (await channel.checkQueue(queue)).messageCount,
    remove: () => channel.deleteQueue(queue),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await channel.deleteQueue(queue);
      await connection.close();
    },
  };
};
