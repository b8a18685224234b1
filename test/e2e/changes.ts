import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Guarantee } from '../../src/core/guarantee.ts';
import { changingDatabase } from '../connectors/changing-database.ts';
import type { PostgresAddress } from '../services/index.ts';
import { type Cloud, type CloudOptions, startCloud } from './cloud/index.ts';
import type { BrokerAddress } from './embedded-broker.ts';
import type { WriterOptions } from './table-writer.ts';
import { readTopic } from './trouble-topic.ts';

/** Changes of a table on their way into a topic, while runs are killed. */
export interface ChangesOptions {
  readonly broker: BrokerAddress;
  readonly postgres: PostgresAddress;
  readonly namespace: string;
  /** Into the table's own topic, not the connector's. */
  readonly isTopicOfTable?: boolean;
  readonly guarantee: Guarantee;
  /** Keep `guarantee` by another one's means. */
  readonly keptBy?: Guarantee;
  /** The table is changed until so many runs were killed. */
  readonly maxKills: number;
  readonly seed: number;
  readonly runSettings?: CloudOptions['runSettings'];
}

const WRITERS = 2;
const PATIENCE_MS = 120_000;

/** A record of the topic, as the writers note theirs; rows of the snapshot begin with `r`. */
const noteOf = (text: string): { note: string; key: number; transaction: number } => {
  const { op, before, after, source } = JSON.parse(text);
  const { k, n } = after ?? before;
  return { note: `${op} ${k} ${n}`, key: k, transaction: source.txId };
};

const writerOf = (key: number): number => (key < 0 ? -1 - key : key % WRITERS);

/** Rows after these changes. */
export const replay = (notes: readonly string[]): Map<number, number> => {
  const rows = new Map<number, number>();
  for (const note of notes) {
    const [op, k, n] = note.split(' ');
    if (op === 'd') rows.delete(Number(k));
    else rows.set(Number(k), Number(n));
  }
  return rows;
};

const sorted = (rows: ReadonlyMap<number, number>) => [...rows].toSorted(([a], [b]) => a - b);

const startWriter = (options: WriterOptions) => {
  const file = join(import.meta.dirname, 'table-writer.ts');
  const env = { ...process.env, PIO_WRITER: JSON.stringify(options) };
  const running = promisify(execFile)(process.execPath, [file], { env, maxBuffer: 64 * 1024 * 1024 });
  running.catch(() => undefined);
  /** Ends it; answers with what each writer committed. */
  return async (): Promise<string[][]> => {
    running.child.stdin?.end();
    return JSON.parse((await running).stdout);
  };
};

const untilKilled = async (cloud: Cloud, maxKills: number): Promise<void> => {
  for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs; await sleep(200))
    if ((await cloud.state()).killed >= maxKills) return;
};

/** Runs it to its end; what arrived in the topic, against what the writers committed and what the table holds. */
export const deliverChanges = async (options: ChangesOptions) => {
  const { broker, postgres, guarantee, keptBy, maxKills, seed } = options;
  const database = await changingDatabase(postgres, 'k integer PRIMARY KEY, n integer, pad text');
  await database.query('ALTER TABLE items REPLICA IDENTITY FULL');
  const folder = mkdtempSync(join(tmpdir(), 'pio-changes-'));
  const id = randomUUID();
  const home = `persistent://${options.namespace}/changes-${id}`;
  const topic = options.isTopicOfTable ? `persistent://${options.namespace}/server-${id}.public.items` : home;
  const routed = { 'database.server.name': `server-${id}`, 'topic.namespace': options.namespace };
  const { host, port, user, password } = postgres;
  const client = { host, port, user, password, database: database.configs['database.dbname'] };
  const endWriter = startWriter({ client, writers: WRITERS, pauseMs: 120, seed });
  const cloud = await startCloud({
    serviceUrl: broker.serviceUrl,
    ...(broker.adminUrl && { adminUrl: broker.adminUrl }),
    storeUrl: `sqlite:${join(folder, 'store.db')}`,
    tickMs: 300,
    maxRuns: 3,
    ...(options.runSettings && { runSettings: options.runSettings }),
    chaos: { killChance: keptBy ? 0.25 : 0.06, maxKills, seed, aimsAtEffects: keptBy !== undefined },
    logFile: join(folder, 'cloud.log'),
    ...(keptBy && { swap: { asked: guarantee, kept: keptBy } }),
  });
  try {
    await cloud.create('source', 'in', {
      processingGuarantees: guarantee,
      archive: 'builtin://debezium-postgres',
      topicName: home,
      configs: { ...database.configs, ...(options.isTopicOfTable && routed) },
    });
    await untilKilled(cloud, maxKills);
    const committed = await endWriter();
    const read = async () => (await readTopic(broker.serviceUrl, topic)).map(({ text }) => noteOf(text));
    let arrived = await read();
    for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs && !isComplete(arrived); ) arrived = await read();
    // A repetition would come now.
    arrived = await read();
    const table = await database.query('SELECT k, n FROM items');
    const { killed: kills, started: runs } = await cloud.state();
    const first = arrived.slice(0, 20).map(({ note }) => note);
    const counted = { kills, runs, arrived: arrived.length, log: cloud.logFile };
    const result = { ...compare(arrived, committed), ...counted, topic, first };
    const rows = sorted(new Map(table.map(({ k, n }) => [k, n])));
    return { ...result, isTableEqual: isSame(sorted(replay(arrived.map(({ note }) => note))), rows) };
  } finally {
    await endWriter().catch(() => undefined);
    await cloud[Symbol.asyncDispose]();
    await database.dispose();
  }
};

type Arrived = readonly ReturnType<typeof noteOf>[];

const isComplete = (arrived: Arrived): boolean =>
  Array.from({ length: WRITERS }, (_, writer) => -1 - writer).every((last) => arrived.some(({ key }) => key === last));

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/**
 * What each writer did is the snapshot's rows, which are the state after some of its transactions, and then the rest, change by change in its order; and no transaction is
 * interrupted by another.
 */
const compare = (arrived: Arrived, committed: readonly (readonly string[])[]) => {
  const isSnapshot = ({ note }: { readonly note: string }) => note.startsWith('r ');
  const firstChange = arrived.findIndex((it) => !isSnapshot(it));
  const exact = committed.map((done, writer) => {
    const mine = arrived.filter(({ key }) => writerOf(key) === writer);
    const changes = mine.filter((it) => !isSnapshot(it)).map(({ note }) => note);
    const before = done.slice(0, done.length - changes.length);
    const rows = mine.filter(isSnapshot).map(({ note }) => note);
    return {
      changes: isSame(changes, done.slice(before.length)),
      rows: rows.length === replay(rows).size && isSame(sorted(replay(rows)), sorted(replay(before))),
    };
  });
  const order = arrived.slice(firstChange).map(({ transaction }) => transaction);
  const blocks = order.filter((transaction, at) => transaction !== order[at - 1]);
  return {
    snapshotRows: arrived.filter(isSnapshot).length,
    isSnapshotFirst: arrived.slice(firstChange).every((it) => !isSnapshot(it)),
    isExact: exact.every(({ changes, rows }) => changes && rows),
    areTransactionsWhole: new Set(blocks).size === blocks.length,
  };
};
