import { randomUUID } from 'node:crypto';
import { Client } from 'cassandra-driver';
import type { CassandraAddress } from '../services/index.ts';
import type { Target } from './target.ts';

/** A Cassandra table keyed by the record: a repeated write is the same row, so writes are counted by Cassandra itself. */
export const cassandraTarget = async ({ contactPoint, port, datacenter }: CassandraAddress): Promise<Target> => {
  const keyspace = `e2e_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const client = new Client({ contactPoints: [`${contactPoint}:${port}`], localDataCenter: datacenter });
  await client.execute(
    `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  );
  await client.execute(`CREATE TABLE ${keyspace}.arrived (id text PRIMARY KEY, payload text)`);
  const number = async (query: string, column: string): Promise<number> =>
    Number((await client.execute(query)).first()[column]);
  const rows = (): Promise<number> => number(`SELECT count(*) AS c FROM ${keyspace}.arrived`, 'c');
  return {
    name: 'Cassandra',
    sinkType: 'cassandra',
    configs: {
      roots: `${contactPoint}:${port}`,
      keyspace,
      columnFamily: 'arrived',
      keyname: 'id',
      columnName: 'payload',
    },
    sourceConfigs: { keyField: 'id' },
    repeatsAreRows: false,
    rows,
    distinct: rows,
    read: async () => {
      const found = await client.execute(`SELECT payload FROM ${keyspace}.arrived`, [], { fetchSize: 0 });
      return found.rows.map((row) => (JSON.parse(row.payload) as { n: number }).n).sort((a, b) => a - b);
    },
    repeatedWrites: async () => {
      const where = `keyspace_name = '${keyspace}' AND table_name = 'arrived'`;
      return (
        (await number(`SELECT count FROM system_views.local_write_latency WHERE ${where}`, 'count')) - (await rows())
      );
    },
    [Symbol.asyncDispose]: () => client.shutdown(),
  };
};
