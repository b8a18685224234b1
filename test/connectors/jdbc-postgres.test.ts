import { describe, expect, test } from '@jest/globals';
import { postgresError } from '../../src/connectors/jdbc/postgres/errors.ts';
import { jdbcPostgresSink } from '../../src/connectors/jdbc/postgres/sink.ts';
import { Statements } from '../../src/connectors/jdbc/postgres/statements.ts';
import type { Column } from '../../src/connectors/jdbc/postgres/table.ts';
import { parsePostgresUrl } from '../../src/connectors/jdbc/postgres/url.ts';
import { element } from '../../src/connectors/jdbc/postgres/values.ts';
import { sinkRecord } from '../contracts/sink.ts';
import { configOf, problemsOf } from './open.ts';

const base = { jdbcUrl: 'jdbc:postgresql://h/d', tableName: 't' };

describe('the config of the jdbc-postgres sink', () => {
  test("takes Pulsar's config", () => {
    const all = {
      ...base,
      userName: 'u',
      password: 'p',
      key: 'id',
      nonKey: 'a,b',
      timeoutMs: '500',
      batchSize: 200,
      useJdbcBatch: true,
      useTransactions: true,
      insertMode: 'UPSERT',
      nullValueAction: 'DELETE',
      excludeNonDeclaredFields: true,
    };
    expect(problemsOf(jdbcPostgresSink, all)).toEqual([]);
    expect(jdbcPostgresSink.maxBatchRecords?.(configOf(jdbcPostgresSink, all))).toBe(200);
    expect(jdbcPostgresSink.maxBatchRecords?.(configOf(jdbcPostgresSink, base))).toBe(5_000);
  });

  test('refuses what cannot work, and says where', () => {
    expect(problemsOf(jdbcPostgresSink, {})).toEqual(['/configs/jdbcUrl', '/configs/tableName']);
    expect(problemsOf(jdbcPostgresSink, { ...base, insertMode: 'UPSERT' })).toEqual(['/configs/key']);
    expect(problemsOf(jdbcPostgresSink, { ...base, useTransactions: false })).toEqual(['/configs/useTransactions']);
    for (const jdbcUrl of [
      'jdbc:sqlite:/tmp/x.db',
      'postgresql://h/d',
      'jdbc:postgresql://h:port/d',
      'jdbc:postgresql://h:70000/d',
      'jdbc:postgresql://h/d?sslmode=maybe',
      'jdbc:postgresql://h/d?connectTimeout=soon',
      'jdbc:postgresql://h/d?sslkey=/a/file',
    ])
      expect(problemsOf(jdbcPostgresSink, { ...base, jdbcUrl })).toEqual(['/configs/jdbcUrl']);
  });

  test('reads a JDBC URL as pgjdbc does', () => {
    expect(
      parsePostgresUrl('jdbc:postgresql://a:1,[::1],c/my%20db?user=u&password=p%26&ssl=true&connectTimeout=3'),
    ).toEqual({
      hosts: [
        { host: 'a', port: 1 },
        { host: '::1', port: 5432 },
        { host: 'c', port: 5432 },
      ],
      database: 'my db',
      user: 'u',
      password: 'p&',
      sslMode: 'verify-full',
      connectTimeoutMs: 3_000,
    });
    expect(parsePostgresUrl('jdbc:postgresql:db')).toMatchObject({
      hosts: [{ host: 'localhost', port: 5432 }],
      database: 'db',
      sslMode: 'prefer',
    });
    expect(parsePostgresUrl('jdbc:postgresql://h/?sslmode=require&reWriteBatchedInserts=true')).toMatchObject({
      database: undefined,
      sslMode: 'require',
    });
  });
});

describe('the statements of the jdbc-postgres sink', () => {
  const column = (name: string, type: string, more: Partial<Column> = {}): Column => ({
    ...{ name, type, form: 'plain', isBoundAsType: true },
    ...more,
  });
  const [id, a] = [column('id', 'integer'), column('a', 'mood', { isBoundAsType: false })];
  const table = { name: '"s"."t"', schema: '"s"', isBound: false, columns: [id, a], keys: [id], nonKeys: [a] };
  const statements = (insertMode: string) =>
    new Statements(table, configOf(jdbcPostgresSink, { ...base, insertMode, key: 'id' }));
  const queries = (insertMode: string, values: Record<string, unknown>[]) => {
    const of = statements(insertMode);
    return of.queries(values.map((value, n) => of.row(sinkRecord(n, { value }))));
  };

  test('are one for many rows, with an array for each column', () => {
    expect(queries('INSERT', [{ id: 1, a: 'x' }, { id: 2 }])).toEqual([
      {
        text: 'INSERT INTO "s"."t" ("id", "a") SELECT r.c0, r.c1::mood FROM unnest($1::integer[], $2::text[]) AS r(c0, c1)',
        values: ['{1,2}', '{"x",NULL}'],
      },
    ]);
  });

  test('begin anew where a key is set a second time, or with another action', () => {
    const rows = [1, 2, 1, 1, 3].map((value) => ({ id: value, a: 'x' }));
    const ids = (insertMode: string) =>
      queries(insertMode, rows).map(({ values }) => values?.at(insertMode === 'UPDATE' ? 1 : 0));
    expect(ids('UPSERT')).toEqual(['{1,2}', '{1}', '{1,3}']);
    expect(ids('UPDATE')).toEqual(['{1,2}', '{1}', '{1,3}']);
    expect(ids('INSERT')).toEqual(['{1,2,1,1,3}']);
    expect(ids('DELETE')).toEqual(['{1,2,1,1,3}']);
  });

  test('have values in the text form of arrays', () => {
    const cases: [unknown, 'plain' | 'json' | 'array', string][] = [
      ['a"b\\c', 'plain', '"a\\"b\\\\c"'],
      ['NULL', 'plain', '"NULL"'],
      ['', 'plain', '""'],
      [undefined, 'json', 'NULL'],
      [2n ** 63n, 'plain', '9223372036854775808'],
      [false, 'plain', 'false'],
      [Uint8Array.of(1, 255), 'plain', '"\\\\x01ff"'],
      [new Date(0), 'plain', '"1970-01-01T00:00:00.000Z"'],
      [{ n: 9007199254740993n }, 'plain', '"{\\"n\\":9007199254740993}"'],
      ['x', 'json', '"\\"x\\""'],
      [[1, null, ['a']], 'array', '"{1,NULL,{\\"a\\"}}"'],
    ];
    for (const [value, form, expected] of cases) expect(element(value, form)).toBe(expected);
  });
});

describe('errors of pg', () => {
  const server = (code: string) => Object.assign(new Error('sekrit'), { code, severity: 'ERROR' });

  test('have the code that their SQLSTATE or class means', () => {
    const cases: [unknown, string][] = [
      [server('23505'), 'PIO_SINK_REJECTED'],
      [server('22P02'), 'PIO_SINK_REJECTED'],
      [server('42P01'), 'PIO_SINK_MISCONFIGURED'],
      [server('28P01'), 'PIO_SINK_MISCONFIGURED'],
      [server('25006'), 'PIO_SINK_MISCONFIGURED'],
      [server('40001'), 'PIO_SINK_UNAVAILABLE'],
      [server('40P01'), 'PIO_SINK_UNAVAILABLE'],
      [server('53300'), 'PIO_SINK_UNAVAILABLE'],
      [server('57P01'), 'PIO_SINK_UNAVAILABLE'],
      [Object.assign(new Error(), { code: 'ECONNREFUSED' }), 'PIO_SINK_UNAVAILABLE'],
      [Object.assign(new Error(), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'PIO_SINK_MISCONFIGURED'],
      [new Error('Connection terminated unexpectedly'), 'PIO_SINK_UNAVAILABLE'],
    ];
    for (const [error, expected] of cases) expect(postgresError(error, 'doing').code).toBe(expected);
  });

  test('say nothing of the server’s text where it may quote a value', () => {
    const error = postgresError(server('22P02'), 'doing');
    expect(error.message).not.toContain('sekrit');
    expect(error.cause).toBeUndefined();
  });
});
