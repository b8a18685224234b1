import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './kit/run.ts';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';
import { requireTools } from './kit/tools.ts';

/** Where a Redis server is. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** With TLS; its certificate names localhost and signs itself. */
  readonly tlsPort: number;
  /** PEM file. */
  readonly certificatePath: string;
}

/** What to start. */
export interface RedisOptions {
  /** A cluster of this one node, which has all slots. */
  readonly isCluster?: boolean;
  /** Further arguments of the command line. */
  readonly settings?: readonly string[];
}

type Port = 'resp' | 'tls' | 'bus';

const host = '127.0.0.1';
const fixture = (name: string): string => fileURLToPath(new URL(`../pulsar/fixtures/${name}`, import.meta.url));
const certificatePath = fixture('localhost.cert.pem');

const cli = async ({ port }: RedisAddress, args: readonly string[]): Promise<string> =>
  (await run('redis-cli', ['-h', host, '-p', String(port), ...args], { timeoutMs: 5_000 })).stdout;

/** Redis, as the machine has it installed: in memory only. */
export const redis = defineServer({
  name: 'redis',
  tools: ['redis-server'],
  ports: ['resp', 'tls', 'bus'],
  startTimeoutMs: 30_000,
  prepare: async (_: RedisOptions) => requireTools('redis', ['redis-server']),
  configure: async ({ home, ports }: Place<Port>, _, { isCluster, settings = [] }) => {
    await copyFile(fixture('localhost.key.pem'), join(home, 'key.pem'));
    return {
      file: 'redis-server',
      args: [
        ...['--bind', host, '--port', `${ports.resp}`, '--tls-port', `${ports.tls}`, '--tls-auth-clients', 'no'],
        ...['--tls-cert-file', certificatePath, '--tls-key-file', join(home, 'key.pem')],
        ...['--tls-ca-cert-file', certificatePath, '--save', '', '--dir', home],
        ...(isCluster
          ? ['--cluster-enabled', 'yes', '--cluster-port', `${ports.bus}`, '--cluster-announce-ip', host]
          : []),
        ...settings,
      ],
      cwd: home,
    };
  },
  address: ({ ports }: Place<Port>): RedisAddress => ({ host, port: ports.resp, tlsPort: ports.tls, certificatePath }),
  isReady: async (address, { isCluster }) => {
    if (!(await cli(address, ['ping'])).startsWith('PONG')) return false;
    if (!isCluster) return true;
    await cli(address, ['cluster', 'addslotsrange', '0', '16383']);
    return (await cli(address, ['cluster', 'info'])).includes('cluster_state:ok');
  },
});

/** Starts a server of your own, e.g. to kill it. */
export const startRedis = (options?: RedisOptions): Promise<RunningServer<RedisAddress>> => redis.start(options);
