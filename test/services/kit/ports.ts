import { connect, createServer } from 'node:net';

// Below the kernel's ephemeral range (32768 up): a port of a killed server is then never given to an outgoing connection,
// so the server can come back on it, and a client that dials it meanwhile cannot be connected to itself.
const firstPort = 15_000;
const portCount = 17_000;
const maxTries = 100;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });

const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < maxTries; tries++) {
    const port = firstPort + Math.floor(Math.random() * portCount);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found on 127.0.0.1 in ${maxTries} tries`);
};

/** A random port for each name that nobody listens on at 127.0.0.1 right now. */
export const freePorts = async <Name extends string>(names: readonly Name[]): Promise<Record<Name, number>> => {
  const ports = new Map<Name, number>();
  for (const name of names) {
    let port = await freePort();
    while ([...ports.values()].includes(port)) port = await freePort();
    ports.set(name, port);
  }
  return Object.fromEntries(ports) as Record<Name, number>;
};

/** Whether somebody accepts connections at this port of 127.0.0.1. */
export const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
