import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';

/** Where a RabbitMQ server is. */
export interface RabbitmqAddress {
  readonly host: string;
  readonly port: number;
  /** With TLS; its certificate names localhost and signs itself. */
  readonly tlsPort: number;
  /** PEM file. */
  readonly certificatePath: string;
}

type Port = 'amqp' | 'tls' | 'distribution' | 'epmd';

const host = '127.0.0.1';
const fixture = (name: string): string => fileURLToPath(new URL(`../pulsar/fixtures/${name}`, import.meta.url));
const certificatePath = fixture('localhost.cert.pem');

/** Messages of two megabytes at most, so that a suite can send a larger one. */
const settings = ({ home, ports }: Place<Port>): string =>
  [
    `listeners.tcp.1 = ${host}:${ports.amqp}`,
    `listeners.ssl.1 = ${host}:${ports.tls}`,
    `ssl_options.certfile = ${certificatePath}`,
    `ssl_options.keyfile = ${join(home, 'key.pem')}`,
    'ssl_options.verify = verify_none',
    'max_message_size = 2000000',
    'vm_memory_high_watermark.absolute = 512MiB',
    'disk_free_limit.absolute = 50MB',
    '',
  ].join('\n');

/** Debian's command on PATH becomes the user rabbitmq, who cannot read our folders; the one behind it does not. */
const DEBIAN_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** Erlang's name server is started here: else it outlives the server, and listens everywhere. */
const command = (): string =>
  `epmd -port "$ERL_EPMD_PORT" -address ${host} & exec ${existsSync(DEBIAN_SERVER) ? DEBIAN_SERVER : 'rabbitmq-server'}`;

/** RabbitMQ, as the machine has it installed: on disk, without plugins. */
export const rabbitmq = defineServer({
  name: 'rabbitmq',
  tools: ['rabbitmq-server'],
  ports: ['amqp', 'tls', 'distribution', 'epmd'],
  startTimeoutMs: 60_000,
  prepare: async () => undefined,
  configure: async (place: Place<Port>) => {
    const { home, ports } = place;
    await copyFile(fixture('localhost.key.pem'), join(home, 'key.pem'));
    await writeFile(join(home, 'rabbitmq.conf'), settings(place));
    await writeFile(join(home, 'enabled_plugins'), '[].');
    return {
      file: '/bin/sh',
      args: ['-c', command()],
      cwd: home,
      env: {
        HOME: home,
        ERL_EPMD_PORT: String(ports.epmd),
        ERL_EPMD_ADDRESS: host,
        RABBITMQ_NODENAME: `pio${ports.amqp}@localhost`,
        RABBITMQ_DIST_PORT: String(ports.distribution),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2',
        RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
        RABBITMQ_MNESIA_BASE: join(home, 'data'),
        RABBITMQ_LOGS: '-',
      },
    };
  },
  address: ({ ports }: Place<Port>): RabbitmqAddress => ({
    host,
    port: ports.amqp,
    tlsPort: ports.tls,
    certificatePath,
  }),
  isReady: async ({ port }) => {
    const { connect } = await import('amqplib'); // here, as suites that only read an address must not load it
    const connection = await connect({ hostname: host, port }, { timeout: 5_000 });
    await connection.close();
    return true;
  },
});

/** Starts a server of your own, e.g. to kill it. */
export const startRabbitmq = (): Promise<RunningServer<RabbitmqAddress>> => rabbitmq.start();
