import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of a server, for outages. */
export interface CutProxy {
  readonly port: number;
  /** Ends all connections and refuses new ones; the answer takes them again, at the same port. */
  cut(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Starts a proxy on loopback in front of `host:port`; at a port of its own choice, or at `at`. */
export const startCutProxy = async (host: string, port: number, at = 0): Promise<CutProxy> => {
  const sockets = new Set<Socket>();
  const relay = (client: Socket): void => {
    const server = connect(port, host);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  };
  const listen = async (own: number): Promise<Server> => {
    const server = createServer(relay).listen(own, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server = await listen(at);
  const own = (server.address() as AddressInfo).port;
  const close = async (): Promise<void> => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port: own,
    cut: async () => {
      await close();
      return async () => {
        server = await listen(own);
      };
    },
    close,
  };
};

/** What was made of a server behind this proxy, which an outage cuts, and which is disposed of with it. */
export const withOutage = <T extends { dispose(): Promise<void> }>(made: T, proxy: CutProxy) => ({
  ...made,
  outage: () => proxy.cut(),
  dispose: async () => {
    await proxy.close();
    await made.dispose();
  },
});
