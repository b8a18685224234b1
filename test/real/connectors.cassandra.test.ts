import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import cassandraDriver, { type Client } from 'cassandra-driver';
import { cassandraSink } from '../../src/connectors/cassandra/sink.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import { startCutProxy } from '../connectors/cut-proxy.ts';
import { configOf, context } from '../connectors/open.ts';
import { type SinkHarness, sinkContract, sinkRecord, versionedSinkContract } from '../contracts/sink.ts';
import { sinkOutageContract, sinkSchemaContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { code } from '../kit/failures.ts';
import { describeReal, useCassandra } from '../services/index.ts';

const KEYSPACE = `connectors_${process.pid}`;
const running = () => new AbortController().signal;
const isWritten = (results: readonly RecordResult[]) => results.every(({ ok }) => ok);

describeReal('the cassandra sink on a real server', ['cassandra'], () => {
  let admin: Client;
  const cql = (query: string, params: unknown[] = []) => admin.execute(query, params, { prepare: params.length > 0 });
  const newTable = async (columns = 'key text PRIMARY KEY, col text'): Promise<string> => {
    const table = `t${randomUUID().replaceAll('-', '')}`;
    await cql(`CREATE TABLE ${KEYSPACE}.${table} (${columns})`);
    return table;
  };
  const open = (table: string, configs: Record<string, unknown> = {}, guarantee: Guarantee = 'ATLEAST_ONCE') => {
    const { contactPoint, port } = useCassandra();
    const given = {
      roots: `${contactPoint}:${port}`,
      keyspace: KEYSPACE,
      keyname: 'key',
      columnFamily: table,
      columnName: 'col',
    };
    return cassandraSink.open(configOf(cassandraSink, { ...given, ...configs }), context({ guarantee }));
  };
  const rowsOf = async (table: string) =>
    (await cql(`SELECT JSON * FROM ${KEYSPACE}.${table}`)).rows.map((row) => JSON.parse(row.get(0)));

  beforeAll(async () => {
    const { contactPoint, port, datacenter } = useCassandra();
    admin = new cassandraDriver.Client({ contactPoints: [`${contactPoint}:${port}`], localDataCenter: datacenter });
    await cql(`CREATE KEYSPACE ${KEYSPACE} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`);
  });
  afterAll(async () => {
    await cql(`DROP KEYSPACE ${KEYSPACE}`);
    await admin.shutdown();
  });

  const harness = async (): Promise<SinkHarness> => {
    const table = await newTable();
    const version = (n: number) => 1_700_000_000_000_000 + n;
    return {
      open: () => open(table),
      record: (n, key, text) => sinkRecord(n, { key, value: text, version: version(n) }),
      poison: (n) => sinkRecord(n, { key: `sekrit${'x'.repeat(70_000)}`, value: 'v', version: version(n) }), // keys end at 65,535 bytes
      tombstone: (n, key) => sinkRecord(n, { key, version: version(n) }),
      contents: async () =>
        Object.fromEntries(
          (await cql(`SELECT key, col FROM ${KEYSPACE}.${table}`)).rows.map((row) => [row.get('key'), row.get('col')]),
        ),
      dispose: async () => void (await cql(`DROP TABLE ${KEYSPACE}.${table}`)),
    };
  };
  sinkContract('cassandra', harness);
  versionedSinkContract('cassandra', harness);
  sinkOutageContract('cassandra', async () => {
    const { contactPoint, port } = useCassandra();
    const table = await newTable();
    const proxy = await startCutProxy(contactPoint, port);
    const version = (n: number) => 1_700_000_000_000_000 + n;
    return {
      ...(await harness()),
      open: () => open(table, { roots: `127.0.0.1:${proxy.port}`, timeoutMs: 2_000 }),
      record: (n, key, text) => sinkRecord(n, { key, value: text, version: version(n) }),
      contents: async () =>
        Object.fromEntries(
          (await cql(`SELECT key, col FROM ${KEYSPACE}.${table}`)).rows.map((row) => [row.get('key'), row.get('col')]),
        ),
      outage: proxy.cut,
      dispose: proxy.close,
    };
  });
  sinkSchemaContract('cassandra', async () => {
    const table = await newTable('k text PRIMARY KEY, v text');
    return {
      open: () => open(table, { keyname: 'k', columnName: 'v', mapFields: true }),
      record: (n, k, v, added) =>
        sinkRecord(n, { value: JSON.stringify({ k, v, added }), version: 1_700_000_000_000_000 + n }),
      widen: async () => void (await cql(`ALTER TABLE ${KEYSPACE}.${table} ADD added text`)),
      remove: async () => {
        await cql(`DROP TABLE ${KEYSPACE}.${table}`);
        return async () => void (await cql(`CREATE TABLE ${KEYSPACE}.${table} (k text PRIMARY KEY, v text)`));
      },
      row: async (key) => (await rowsOf(table)).find(({ k }) => k === key),
      dispose: async () => void (await cql(`DROP TABLE ${KEYSPACE}.${table}`)),
    };
  });
  sinkValuesContract(
    'cassandra with mapFields',
    async () => {
      const columns = [
        'binary blob',
        'boolean boolean',
        'integer bigint',
        'decimal decimal',
        'date date',
        'timestamp timestamp',
        'null text',
        'nested map<text, frozen<list<int>>>',
      ];
      const nameOf = (kind: string) => `c_${kind.split(' ')[0]}`;
      const table = await newTable(`k text PRIMARY KEY, ${columns.map((it) => `c_${it}`).join(', ')}`);
      return {
        open: () => open(table, { keyname: 'k', columnName: 'c_null', mapFields: true }),
        record: (n, kind, json) => sinkRecord(n, { value: `{"k": "${kind}", "${nameOf(kind)}": ${json}}` }),
        read: async (kind) => {
          const { rows } = await cql(`SELECT toJson(${nameOf(kind)}) AS it FROM ${KEYSPACE}.${table} WHERE k = ?`, [
            kind,
          ]);
          return rows[0]?.get('it');
        },
        dispose: async () => void (await cql(`DROP TABLE ${KEYSPACE}.${table}`)),
      };
    },
    {
      binary: { given: '"0x00ff0a"', expected: '"0x00ff0a"' },
      boolean: { given: 'true', expected: 'true' },
      'integer beyond 2^53': { given: '9007199254740993', expected: '9007199254740993' },
      // As a JSON number Cassandra itself reads it as a double.
      decimal: { given: '"12345678901234567890.0123456789"', expected: '12345678901234567890.0123456789' },
      date: { given: '"2024-02-29"', expected: '"2024-02-29"' },
      timestamp: { given: '"2024-02-29T23:59:59.123Z"', expected: '"2024-02-29 23:59:59.123Z"' },
      'null field': { given: 'null', expected: 'null' },
      nested: { given: '{"ž": [1, 2]}', expected: '{"ž": [1, 2]}' },
    },
  );

  test('gives each cell the version of its record as write time', async () => {
    const table = await newTable();
    const sink = await open(table);
    await sink.write([sinkRecord(1, { key: 'a', value: 'v', version: 1_700_000_000_123_456 })], running());
    const { rows } = await cql(`SELECT writetime(col) AS at FROM ${KEYSPACE}.${table}`);
    expect(String(rows[0]?.get('at'))).toBe('1700000000123456');
    await sink.close();
  });

  test('rejects what Cassandra takes never: an empty key, a value over the mutation limit', async () => {
    const table = await newTable();
    const sink = await open(table);
    const records = [
      sinkRecord(1, { key: '', value: 'v' }),
      sinkRecord(2, { key: 'b', value: 'x'.repeat(20_000_000) }),
      sinkRecord(3, { key: 'c', value: 'v' }),
    ];
    const results = await sink.write(records, running());
    expect(results.map(({ ok }) => ok)).toEqual([false, false, true]);
    for (const result of results.slice(0, 2)) expect(result).toEqual({ ok: false, error: code('PIO_SINK_REJECTED') });
    await sink.close();
  });

  test('says PIO_SINK_MISCONFIGURED when keyspace, table or column is missing, at open and when it is dropped later', async () => {
    const table = await newTable();
    await expect(open('nosuch')).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', `${KEYSPACE}.nosuch does not exist`));
    await expect(open(table, { keyspace: 'nosuch' })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', `nosuch.${table} does not exist`),
    );
    await expect(open(table, { columnName: 'nosuch' })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', 'no column nosuch'),
    );
    const sink = await open(table);
    expect(isWritten(await sink.write([sinkRecord(1, { key: 'a', value: 'v' })], running()))).toBe(true);
    await cql(`DROP TABLE ${KEYSPACE}.${table}`);
    const lost = await sink.write([sinkRecord(2, { key: 'b', value: 'v' })], running());
    expect(lost).toEqual([{ ok: false, error: code('PIO_SINK_MISCONFIGURED', 'does not exist') }]);
    await cql(`CREATE TABLE ${KEYSPACE}.${table} (key text PRIMARY KEY, col text)`);
    expect(isWritten(await sink.write([sinkRecord(2, { key: 'b', value: 'v' })], running()))).toBe(true);
    await sink.close();
  });

  test('folds and quotes names as CQL does', async () => {
    await cql(`CREATE TABLE ${KEYSPACE}."MiXed" ("Key" text PRIMARY KEY, col text)`);
    const sink = await open('"MiXed"', { keyname: '"Key"', columnName: 'COL', keyspace: KEYSPACE.toUpperCase() });
    expect(isWritten(await sink.write([sinkRecord(1, { key: 'a', value: 'v' })], running()))).toBe(true);
    await sink.close();
  });

  test('knows the data center by itself, and says when a given one has no node', async () => {
    const table = await newTable();
    await (await open(table, { localDatacenter: useCassandra().datacenter })).close();
    await expect(open(table, { localDatacenter: 'elsewhere' })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', 'elsewhere'),
    );
  });

  describe('with mapFields', () => {
    const columns = 'key text, n bigint, d double, b boolean, s set<text>, l list<text>, u uuid, PRIMARY KEY (key)';

    test('writes the fields to the columns, and leaves those that are missing', async () => {
      const table = await newTable(columns);
      const sink = await open(table, { mapFields: true });
      const id = randomUUID();
      const results = await sink.write(
        [
          sinkRecord(1, { key: 'a', value: `{"n": 9007199254740993, "d": 1.5, "b": true, "s": ["x"], "u": "${id}"}` }),
          sinkRecord(2, { value: '{"key": "b", "n": 1}' }),
          sinkRecord(3, { key: 'a', value: '{"b": false}' }),
          sinkRecord(4, { key: 'c', value: '{"unknown": 1}' }),
          sinkRecord(5, { key: 'd', value: '{"n": "sekrit"}' }),
          sinkRecord(6, { value: '{"n": 1}' }),
          sinkRecord(7, { key: 'e', value: 'sekrit' }),
          sinkRecord(8, { key: 'b' }),
        ],
        running(),
      );
      expect(results.map(({ ok }) => ok)).toEqual([true, true, true, false, false, false, false, true]);
      for (const result of results) if (!result.ok) expect(result.error.message).not.toContain('sekrit');
      const { rows } = await cql(`SELECT * FROM ${KEYSPACE}.${table}`);
      expect(
        rows.map((row) => [
          row.get('key'),
          String(row.get('n')),
          row.get('d'),
          row.get('b'),
          row.get('s'),
          String(row.get('u')),
        ]),
      ).toEqual([['a', '9007199254740993', 1.5, false, ['x'], id]]);
      await sink.close();
    });

    test('would double a list that is written again, which is why EFFECTIVELY_ONCE refuses it', async () => {
      const table = await newTable(columns);
      const sink = await open(table, { mapFields: true });
      const record: SinkRecord = sinkRecord(1, { key: 'a', value: '{"l": ["one"], "s": ["one"]}' });
      for (let i = 0; i < 2; i++) await sink.write([record], running());
      const [row] = await rowsOf(table);
      expect([row.l, row.s]).toEqual([['one', 'one'], ['one']]);
      await expect(open(table, { mapFields: true }, 'EFFECTIVELY_ONCE')).rejects.toEqual(
        code('PIO_SINK_MISCONFIGURED', 'list l'),
      );
      await sink.close();
    });
  });

  test('writes 5,000 records once each', async () => {
    const table = await newTable();
    const sink = await open(table);
    const records = Array.from({ length: 5_000 }, (_, n) => sinkRecord(n, { key: `k${n}`, value: 'x'.repeat(100) }));
    const written = async () =>
      Number(
        (
          await cql(`SELECT count FROM system_views.local_write_latency WHERE keyspace_name = ? AND table_name = ?`, [
            KEYSPACE,
            table,
          ])
        ).rows[0]?.get('count'),
      );
    const startedAtMs = performance.now();
    expect(isWritten(await sink.write(records, running()))).toBe(true);
    if (process.env.PIO_FIGURES)
      process.stderr.write(`cassandra: ${Math.round(5_000_000 / (performance.now() - startedAtMs))} records/s\n`);
    expect(await written()).toBe(5_000);
    await sink.close();
  });
});
