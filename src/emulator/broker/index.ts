import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { makeAdminHandler } from './admin/index.ts';
import { Broker } from './broker.ts';
import { Connection } from './connection.ts';
import { listen } from './listen.ts';
import { type BrokerOptions, type RunningBroker, settingsOf } from './options.ts';
import { WRITABLE_BYTES } from './output-buffer.ts';

export type { BrokerOptions, RunningBroker } from './options.ts';

/**
 * Starts the embedded broker: Pulsar's binary protocol on `port`, a slice of the admin REST on `httpPort`, everything in one SQLite file in
 * `dataDir`. It behaves as GUARANTEES.md measured a real broker to behave: deduplication, acknowledgements that a kill forgets, ledger ids that
 * grow. Not there: non-persistent topics, authentication, schema compatibility strategies other than FULL, the modes WaitForExclusive and
 * ExclusiveWithFencing, and the deletion of topics without subscriptions after 60 s. Rejects with the port in the message when one is taken.
 */
export async function startBroker(options: BrokerOptions): Promise<RunningBroker> {
  const host = options.host ?? '127.0.0.1';
  const broker = new Broker(options.dataDir, settingsOf(options));
  const server = createServer({ highWaterMark: WRITABLE_BYTES }, (socket) => new Connection(socket, broker));
  const adminHandler = makeAdminHandler(broker);
  const httpServer = createHttpServer(adminHandler);
  const closeServers = async (): Promise<void> => {
    const closed = [server, httpServer].map((one) => new Promise((resolve) => one.close(resolve)));
    httpServer.closeAllConnections();
    for (const connection of broker.connections) connection.destroy();
    await Promise.all(closed);
  };
  try {
    const port = await listen(server, host, options.port ?? 0, 'the Pulsar protocol');
    const httpPort = await listen(httpServer, host, options.httpPort ?? 0, 'the admin REST');
    broker.addresses = { advertisedHost: options.advertisedHost, host, port, httpPort };
  } catch (error) {
    void closeServers();
    broker.abandon();
    throw error;
  }
  broker.startTimers();
  const { port, httpPort } = broker.addresses;
  const name = options.advertisedHost ?? (host === '0.0.0.0' ? '127.0.0.1' : host);
  return {
    serviceUrl: `pulsar://${name}:${port}`,
    adminUrl: `http://${name}:${httpPort}`,
    port,
    httpPort,
    adminHandler,
    async stop() {
      broker.close();
      await closeServers();
    },
    kill() {
      broker.abandon();
      void closeServers();
    },
  };
}
