import { type AddressInfo, createServer, type Server } from 'node:net';
import { StartError } from './start-error.ts';

/** Addresses that `localhost` may mean; `pulsar-admin` asks for `localhost`, other tools for 127.0.0.1. */
const LOOPBACKS = ['127.0.0.1', '::1'] as const;
const TRIES = 20;

/**
 * Listens on `port` of every loopback address of this machine, with a server each; 0 = any port, the same on all. Resolves with it.
 * Throws `StartError` naming port and `option` when it is taken.
 */
export const listenOnLoopbacks = async <S extends Server>(
  make: () => S,
  port: number,
  option: string,
): Promise<Loopbacks<S>> => {
  for (let tries = 1; ; tries++) {
    const servers: S[] = [];
    try {
      let chosen = port;
      for (const host of LOOPBACKS) {
        const server = make();
        if (await listen(server, host, chosen)) {
          servers.push(server);
          chosen = (server.address() as AddressInfo).port;
        }
      }
      return { port: chosen, servers };
    } catch (cause) {
      for (const server of servers) server.close();
      const { code } = cause as NodeJS.ErrnoException;
      if (port === 0 && code === 'EADDRINUSE' && tries < TRIES) continue;
      throw portError(port, option, cause as NodeJS.ErrnoException);
    }
  }
};

/** Servers of one port. */
export interface Loopbacks<S extends Server> {
  readonly port: number;
  readonly servers: readonly S[];
}

/** Throws `StartError` when `port` of 127.0.0.1 cannot be listened on. */
export const checkPort = async (port: number, option: string): Promise<void> => {
  const server = createServer();
  try {
    await listen(server, LOOPBACKS[0], port);
  } catch (cause) {
    throw portError(port, option, cause as NodeJS.ErrnoException);
  }
  await closed(server);
};

/** Ports of 127.0.0.1 that nobody listens on now, all different. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await listen(server, LOOPBACKS[0], 0);
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(closed));
  return ports;
};

/** False when this machine has no such address. */
const listen = (server: Server, host: string, port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT';
      if (isMissing && host !== LOOPBACKS[0]) resolve(false);
      else reject(error);
    };
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve(true);
    });
  });

const closed = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));

const portError = (port: number, option: string, cause: NodeJS.ErrnoException): StartError => {
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is taken by another program',
    EACCES: 'needs rights that you do not have',
  };
  const problem = why[cause.code ?? ''] ?? `cannot be listened on (${cause.message})`;
  return new StartError(`port ${port} ${problem}; choose another with ${option} N`, { cause });
};
