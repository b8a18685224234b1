import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresAddress } from '../services/index.ts';
import { inputRecord } from './growing-file.ts';
import type { Input } from './input.ts';
import { positionsOf } from './positions.ts';

const PER_TRANSACTION = 10;
const PAUSE_MS = 80;
/** How long the lower numbers are not there yet: nearly always. */
const LATE_MS = 200;
const QUERY_KEYS = { batchMaxRows: 50, pollIntervalMs: 100 };

/** A position lies behind that row. */
const isReadTo = (storePath: string, incrementing: number): boolean =>
  positionsOf(storePath).some((position) => Number(position.incrementing) === incrementing);

/** A SQLite table that gets ten rows in a transaction every 80 ms. */
export const sqliteRowsInput = async (): Promise<Input> => {
  const path = join(mkdtempSync(join(tmpdir(), 'pio-rows-')), 'rows.db');
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE items (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, n INTEGER, text TEXT)`);
  const insert = database.prepare('INSERT INTO items (id, n, text) VALUES (?, ?, ?)');
  let written = 0;
  return {
    sourceType: 'jdbc-sqlite',
    configs: { ...QUERY_KEYS, jdbcUrl: `jdbc:sqlite:${path}`, tableName: 'items', incrementingColumnName: 'seq' },
    feed: async (records, isEnough = async () => false) => {
      while (written < records && !(await isEnough())) {
        database.exec('BEGIN IMMEDIATE');
        for (const end = Math.min(written + PER_TRANSACTION, records); written < end; written++) {
          const { id, n, text } = inputRecord(written);
          insert.run(id, n, text);
        }
        database.exec('COMMIT');
        await sleep(PAUSE_MS);
      }
      return written;
    },
    isRead: async (storePath) => isReadTo(storePath, written),
    dispose: async () => database.close(),
  };
};

/**
 * A PostgreSQL table that two writers add to in turn, ten rows each: the one that drew the lower numbers commits 200 ms after the other, so that who reads what is committed
 * would pass its rows by.
 */
export const postgresRowsInput = async (address: PostgresAddress): Promise<Input> => {
  const { host, port, user, password, database } = address;
  const writers = [0, 1].map(() => new pg.Client({ host, port, user, password, database }));
  await Promise.all(writers.map((it) => it.connect()));
  const [early, late] = writers as [pg.Client, pg.Client];
  const table = `rows_${randomUUID().replaceAll('-', '')}`;
  await early.query(`CREATE TABLE ${table} (
    n bigint GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START 0) PRIMARY KEY,
    id text GENERATED ALWAYS AS ('r-' || n) STORED, text text)`);
  const begin = async (writer: pg.Client, count: number): Promise<void> => {
    await writer.query('BEGIN');
    await writer.query(`INSERT INTO ${table} (text) SELECT 'record äöü ' || i FROM generate_series(1, $1) AS i`, [
      count,
    ]);
  };
  let written = 0;
  return {
    sourceType: 'jdbc-postgres',
    configs: {
      ...QUERY_KEYS,
      ...{ jdbcUrl: `jdbc:postgresql://${host}:${port}/${database}`, userName: user, password },
      ...{ tableName: table, incrementingColumnName: 'n' },
    },
    feed: async (records, isEnough = async () => false) => {
      for (; written < records && !(await isEnough()); written += 2 * PER_TRANSACTION) {
        await begin(late, PER_TRANSACTION);
        await begin(early, PER_TRANSACTION);
        await early.query('COMMIT');
        await sleep(LATE_MS);
        await late.query('COMMIT');
      }
      return written;
    },
    isRead: async (storePath) => isReadTo(storePath, written - 1),
    dispose: async () => {
      await Promise.all(writers.map((it) => it.end()));
    },
  };
};
