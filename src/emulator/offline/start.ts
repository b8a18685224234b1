import type { Server } from 'node:http';
import { startBroker } from '../broker/index.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { Front, type Mounts, proxyTo } from './front.ts';
import { type Functions, type FunctionsOptions, startFunctions } from './functions.ts';
import type { StartOptions } from './options.ts';
import { checkPort, listenOnLoopbacks } from './ports.ts';
import { StartError } from './start-error.ts';

/** Everything that `npm start` runs. */
export interface RunningOffline {
  /** `http://127.0.0.1:8080`. */
  readonly adminUrl: string;
  /** `pulsar://127.0.0.1:6650`, or the address of the user's cluster. */
  readonly serviceUrl: string;
  readonly data: DataFolder;
  /** Resolves when a part ended by itself, with words for that. */
  readonly died: Promise<string>;
  /** Ends all in order: no new requests, functions, broker. Within 3 s. */
  stop(): Promise<void>;
}

/** What has to be undone, the last first. */
type Cleanup = () => unknown;

/** Starts the front, the broker and the functions; whatever cannot be had is told before anything of it runs. Throws `StartError`. */
export const startOffline = async (options: StartOptions, signal: AbortSignal): Promise<RunningOffline> => {
  const front = new Front();
  const { port, servers } = await listenOnLoopbacks(() => front.makeServer(), options.port, '--port');
  const cleanups: Cleanup[] = [];
  const stop = async () => {
    await closeAll(servers);
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    if (!options.cluster) await checkPort(options.brokerPort, '--broker-port');
    const data = openDataFolder(options.dataDir);
    cleanups.push(() => data[Symbol.dispose]());
    const pulsar = await startPulsar(options, data, cleanups);
    const functions = await startFunctions(functionsOptions(options, data, pulsar), signal);
    cleanups.push(() => functions.stop());
    front.open(mountsOf(functions, pulsar));
    keepDispatching(functions, signal);
    const { serviceUrl } = pulsar;
    return { adminUrl: `http://127.0.0.1:${port}`, serviceUrl, data, died: functions.died, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

interface Pulsar {
  readonly serviceUrl: string;
  readonly adminUrl: string | undefined;
  /** Serves `/admin/v2` and `/lookup`. */
  readonly handler: Mounts[string] | undefined;
}

const functionsOptions = ({ storeUrl }: StartOptions, data: DataFolder, pulsar: Pulsar): FunctionsOptions => ({
  data,
  pulsarServiceUrl: pulsar.serviceUrl,
  pulsarAdminUrl: pulsar.adminUrl,
  storeUrl: storeUrl ?? `sqlite:${data.store}`,
});

const startPulsar = async (
  { cluster, brokerPort }: StartOptions,
  data: DataFolder,
  cleanups: Cleanup[],
): Promise<Pulsar> => {
  if (cluster) {
    const { serviceUrl, adminUrl } = cluster;
    return {
      serviceUrl,
      adminUrl,
      handler: adminUrl ? proxyTo(adminUrl, `Pulsar's admin API at ${adminUrl}`) : undefined,
    };
  }
  try {
    const broker = await startBroker({ dataDir: data.broker, port: brokerPort });
    cleanups.push(() => broker.stop());
    return { serviceUrl: broker.serviceUrl, adminUrl: broker.adminUrl, handler: broker.adminHandler };
  } catch (cause) {
    throw new StartError(`the embedded broker cannot start: ${reasonsOf(cause)}`, { cause });
  }
};

const reasonsOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause ? `${message} (${(cause as Error).message})` : message;
};

const mountsOf = ({ httpPort, lambda }: Functions, { handler }: Pulsar): Mounts => {
  const functions = proxyTo(`http://127.0.0.1:${httpPort}`, 'The functions');
  return {
    '/admin/v3': functions,
    '/openapi.json': functions,
    '/webhooks': functions,
    '/2015-03-31': lambda,
    ...(handler && { '/admin/v2': handler, '/lookup': handler }),
  };
};

/** A lease of runs that a kill ended lasts 15 s at most, and 2 s for clocks that differ. */
const LEASES_ARE_OVER_MS = 18_000;

/** The schedule ticks at full minutes; what was interrupted should not wait for that. */
const keepDispatching = (functions: Functions, signal: AbortSignal): void => {
  const dispatch = () => void functions.invoke('dispatcher', {}).catch(() => {});
  dispatch();
  const again = setTimeout(dispatch, LEASES_ARE_OVER_MS);
  signal.addEventListener('abort', () => clearTimeout(again), { once: true });
};

const closeAll = async (servers: readonly Server[]): Promise<void> => {
  const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
  for (const server of servers) server.closeAllConnections();
  await Promise.all(closed);
};
