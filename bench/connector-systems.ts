import { DatabaseSync } from 'node:sqlite';
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Client, concurrent } from 'cassandra-driver';
import { Redis } from 'ioredis';
import pg from 'pg';
import { concurrently } from '../src/core/concurrently.ts';
import { cassandraTarget } from '../test/e2e/cassandra-target.ts';
import { dynamodbTarget } from '../test/e2e/dynamodb-target.ts';
import { postgresTarget } from '../test/e2e/postgres-target.ts';
import { redisTarget } from '../test/e2e/redis-target.ts';
import { sqliteTarget } from '../test/e2e/sqlite-target.ts';
import type { Target } from '../test/e2e/target.ts';
import { startCassandra } from '../test/services/cassandra.ts';
import { startDynamodb } from '../test/services/dynamodb.ts';
import { startPostgres } from '../test/services/postgres.ts';
import type { Writer } from './connectors.ts';

/** A server, and how it is written to. */
export interface System extends AsyncDisposable {
  readonly records: number;
  target(): Promise<Target>;
  /** As its client does it best in bulk, without what a guarantee needs. */
  readonly raw: Writer;
  /** Configurations of our sink, by what the figures call them. */
  readonly modes: Readonly<Record<string, object>>;
}

interface Row {
  readonly id: string;
  readonly n: number;
  readonly text: string;
}

const rowsOf = (batch: readonly { readonly value: unknown }[]): Row[] => batch.map(({ value }) => value as Row);

const stop = (server: { stop(): Promise<void> }) => ({ [Symbol.asyncDispose]: () => server.stop() });

const sqlite = async (): Promise<System> => ({
  records: 50_000,
  target: () => sqliteTarget(),
  modes: { '': { batchSize: 1_000 } },
  raw: async ({ configs }, batches) => {
    const database = new DatabaseSync(String(configs.jdbcUrl).slice('jdbc:sqlite:'.length));
    database.exec('PRAGMA synchronous = FULL');
    const insert = database.prepare('INSERT INTO arrived (id, n, text) VALUES (?, ?, ?)');
    return async () => {
      for (const batch of batches) {
        database.exec('BEGIN IMMEDIATE');
        for (const { id, n, text } of rowsOf(batch)) insert.run(id, n, text);
        database.exec('COMMIT');
      }
      database.close();
    };
  },
  [Symbol.asyncDispose]: async () => undefined,
});

const postgres = async (): Promise<System> => {
  const server = await startPostgres();
  const { host, port, user, password, database } = server.address;
  return {
    records: 50_000,
    target: () => postgresTarget(server.address),
    modes: { '': { batchSize: 1_000 } },
    raw: async ({ configs }, batches) => {
      const client = new pg.Client({ host, port, user, password, database });
      await client.connect();
      const insert = `INSERT INTO ${configs.tableName} (id, n, text) SELECT * FROM unnest($1::text[], $2::int[], $3::text[])`;
      return async () => {
        for (const batch of batches) {
          const rows = rowsOf(batch);
          const columns = [rows.map(({ id }) => id), rows.map(({ n }) => n), rows.map(({ text }) => text)];
          await client.query({ name: 'insert', text: insert, values: columns });
        }
        await client.end();
      };
    },
    ...stop(server),
  };
};

const cassandra = async (): Promise<System> => {
  const server = await startCassandra();
  const { contactPoint, port, datacenter } = server.address;
  return {
    records: 20_000,
    target: () => cassandraTarget(server.address),
    modes: { '': {} },
    raw: async ({ configs }, batches) => {
      const client = new Client({ contactPoints: [`${contactPoint}:${port}`], localDataCenter: datacenter });
      await client.connect();
      const insert = `INSERT INTO ${configs.keyspace}.arrived (id, payload) VALUES (?, ?)`;
      return async () => {
        for (const batch of batches) {
          const parameters = rowsOf(batch).map((row) => [row.id, JSON.stringify(row)]);
          await concurrent.executeConcurrent(client, insert, parameters, { concurrencyLevel: 128 });
        }
        await client.shutdown();
      };
    },
    ...stop(server),
  };
};

const redis = async (): Promise<System> => ({
  records: 50_000,
  target: () => redisTarget(),
  modes: { '': { batchSize: 1_000 } },
  raw: async ({ configs }, batches) => {
    const [host = '', port] = String(configs.redisHosts).split(':');
    const client = new Redis({ host, port: Number(port) });
    return async () => {
      for (const batch of batches) {
        const pipeline = client.pipeline();
        for (const row of batch) pipeline.set(row.key as string, row.bytes as Buffer);
        await pipeline.exec();
      }
      client.disconnect();
    };
  },
  [Symbol.asyncDispose]: async () => undefined,
});

/** Most items of a `BatchWriteItem`, and how many of those are under way. */
const ITEMS = 25;
const REQUESTS = 8;

const dynamodb = async (): Promise<System> => {
  const server = await startDynamodb({ isInMemory: true });
  const awsEndpoint = server.address.endpoint;
  return {
    records: 3_000,
    target: () => dynamodbTarget(server.address),
    // Not through the proxy that counts.
    modes: { '': { awsEndpoint }, ', in transactions': { awsEndpoint, writeMode: 'transaction' } },
    raw: async ({ configs }, batches) => {
      const client = new DynamoDBClient(structuredClone(server.address));
      const put = async (rows: readonly Row[]): Promise<void> => {
        const items = rows.map(({ id, n, text }) => ({ id: { S: id }, n: { N: `${n}` }, text: { S: text } }));
        const requests = { [String(configs.tableName)]: items.map((Item) => ({ PutRequest: { Item } })) };
        await client.send(new BatchWriteItemCommand({ RequestItems: requests }));
      };
      return async () => {
        for (const batch of batches) {
          const rows = rowsOf(batch);
          const starts = Array.from({ length: Math.ceil(rows.length / ITEMS) }, (_, i) => i * ITEMS);
          await concurrently(starts, REQUESTS, (from) => put(rows.slice(from, from + ITEMS)));
        }
        client.destroy();
      };
    },
    ...stop(server),
  };
};

/** Every system that is measured, started when it is its turn. */
export const SYSTEMS: Readonly<Record<string, () => Promise<System>>> = {
  sqlite,
  postgres,
  cassandra,
  redis,
  dynamodb,
};
