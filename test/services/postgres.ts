import { globSync } from 'node:fs';
import { chown, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './kit/process.ts';
import { run } from './kit/run.ts';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';
import { ServiceUnavailableError } from './kit/tools.ts';

/** Where a PostgreSQL server is; `user` is its superuser. It takes connections with and without TLS. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** PEM file of the certificate, which names localhost and signs itself. */
  readonly certificatePath: string;
}

/** What to start. */
export interface PostgresOptions {
  /** Further lines of `postgresql.conf`. */
  readonly settings?: readonly string[];
}

/** Who the server runs as where we are root, which it refuses to be. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

interface Installed {
  /** Folder of the server's programs. */
  readonly bin: string;
  readonly account: Account | undefined;
}

const fixture = (name: string): string => fileURLToPath(new URL(`../pulsar/fixtures/${name}`, import.meta.url));

const installed = async (): Promise<Installed> => {
  const [bin] = globSync('/usr/{lib/postgresql,pgsql-*,local/pgsql}{/*,}/bin/initdb').toSorted().reverse();
  if (bin === undefined)
    throw new ServiceUnavailableError('postgres needs a PostgreSQL server, e.g. `apt-get install postgresql`');
  return { bin: join(bin, '..'), account: process.getuid?.() === 0 ? await postgresAccount() : undefined };
};

const postgresAccount = async (): Promise<Account> => {
  const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'], { timeoutMs: 5_000 })));
  const [uid = Number.NaN, gid = Number.NaN] = ids.map(({ stdout }) => Number.parseInt(stdout, 10));
  if (Number.isNaN(uid + gid)) throw new ServiceUnavailableError('postgres needs the user postgres, as we are root');
  return { uid, gid };
};

const asAccount = (account: Account | undefined, file: string, args: readonly string[]): Command =>
  account
    ? { file: 'setpriv', args: [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', file, ...args] }
    : { file, args };

const settings = ({ ports, home }: Place<'sql'>, more: readonly string[]): string =>
  [
    `port = ${ports.sql}`,
    "listen_addresses = '127.0.0.1'",
    `unix_socket_directories = '${home}'`,
    'wal_level = logical',
    'max_connections = 100',
    'ssl = on',
    ...more,
    '',
  ].join('\n');

const initialise = async (
  place: Place<'sql'>,
  { bin, account }: Installed,
  more: readonly string[],
): Promise<string> => {
  const { home } = place;
  const data = join(home, 'data');
  const passwordFile = join(home, 'password');
  await writeFile(passwordFile, 'postgres');
  if (account) for (const path of [home, passwordFile]) await chown(path, account.uid, account.gid);
  const { file, args } = asAccount(account, join(bin, 'initdb'), [
    ...['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-sync'],
    ...['--auth-local=trust', '--auth-host=scram-sha-256'],
  ]);
  const { code, stderr } = await run(file, args, { timeoutMs: 60_000, cwd: home });
  if (code !== 0) throw new Error(`initdb failed: ${stderr}`);
  await writeFile(join(data, 'postgresql.auto.conf'), settings(place, more));
  for (const [from, to] of [
    ['localhost.cert.pem', 'server.crt'],
    ['localhost.key.pem', 'server.key'],
  ] as const) {
    await copyFile(fixture(from), join(data, to));
    await run('chmod', ['600', join(data, to)], { timeoutMs: 5_000 });
    if (account) await chown(join(data, to), account.uid, account.gid);
  }
  return data;
};

const answersSql = async ({ host, port, user, password, database }: PostgresAddress): Promise<boolean> => {
  const { Client } = (await import('pg')).default; // here, as suites that only read an address must not load it
  const client = new Client({ host, port, user, password, database, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query('SELECT 1')).rowCount === 1;
  } finally {
    await client.end();
  }
};

/** PostgreSQL, as the machine has it installed. */
export const postgres = defineServer({
  name: 'postgres',
  tools: [],
  ports: ['sql'],
  startTimeoutMs: 60_000,
  prepare: (_: PostgresOptions) => installed(),
  configure: async (place: Place<'sql'>, found, { settings: more = [] }) => {
    const data = await initialise(place, found, more);
    return { ...asAccount(found.account, join(found.bin, 'postgres'), ['-D', data]), cwd: place.home };
  },
  address: ({ ports }: Place<'sql'>): PostgresAddress => ({
    host: '127.0.0.1',
    port: ports.sql,
    user: 'postgres',
    password: 'postgres',
    database: 'postgres',
    certificatePath: fixture('localhost.cert.pem'),
  }),
  isReady: answersSql,
});

/** Starts a server of your own, e.g. to kill it. */
export const startPostgres = (options?: PostgresOptions): Promise<RunningServer<PostgresAddress>> =>
  postgres.start(options);
