import { describe, expect, test } from '@jest/globals';
import { contactPoints, cqlName } from '../../src/connectors/cassandra/config.ts';
import { cassandraError } from '../../src/connectors/cassandra/errors.ts';
import { mapping } from '../../src/connectors/cassandra/mapping.ts';
import { CassandraSession } from '../../src/connectors/cassandra/session.ts';
import { cassandraSink } from '../../src/connectors/cassandra/sink.ts';
import { type ColumnRow, namesOf, tableProblem } from '../../src/connectors/cassandra/table.ts';
import { sinkRecord } from '../contracts/sink.ts';
import { code } from '../kit/failures.ts';
import { configOf, context, problemsOf } from './open.ts';

const base = { roots: 'localhost:9042', keyspace: 'Ks', keyname: 'key', columnFamily: '"Tab""le"', columnName: 'col' };
const config = (more: Record<string, unknown> = {}) => configOf(cassandraSink, { ...base, ...more });
const writes = (more: Record<string, unknown> = {}, isDeletable = true) =>
  mapping(namesOf(config(more)), config(more), isDeletable);
const running = () => new AbortController().signal;

/** An error as cassandra-driver's `ResponseError` has it. */
const responseError = (cqlCode: number) => Object.assign(new Error('sekrit in the text'), { code: cqlCode });

const table = '"ks"."Tab""le"';

describe('the writes of the cassandra sink', () => {
  test('carry the version as timestamp under every form', () => {
    expect(writes()(sinkRecord(1, { key: 'k', value: 'v', version: 77 }))).toEqual({
      query: `INSERT INTO ${table} ("key", "col") VALUES (?, ?) USING TIMESTAMP ?`,
      params: ['k', 'v', 77],
    });
    expect(writes()(sinkRecord(1, { key: 'k', version: 78 }))).toEqual({
      query: `DELETE FROM ${table} USING TIMESTAMP ? WHERE "key" = ?`,
      params: [78, 'k'],
    });
    expect(writes({ mapFields: true })(sinkRecord(1, { key: 'k', value: '{"key":"x"}', version: 79 }))).toEqual({
      query: `INSERT INTO ${table} JSON ? DEFAULT UNSET USING TIMESTAMP ?`,
      params: ['{"key":"x"}', 79],
    });
  });

  test('take the payload as key where there is none, as Pulsar does, or reject it', () => {
    expect(writes()(sinkRecord(1, { value: 'v' })).params.slice(0, 2)).toEqual(['v', 'v']);
    expect(() => writes({ missingKey: 'reject' })(sinkRecord(1, { value: 'v' }))).toThrow('has no key');
    expect(() => writes()(sinkRecord(1, {}))).toThrow('neither payload nor key');
    expect(() => writes({}, false)(sinkRecord(1, { key: 'k' }))).toThrow('not the primary key');
  });

  test('add the key column to a JSON object that lacks it, and leave the rest as it was written', () => {
    const json = (value: string, key?: string, keyname = 'key') =>
      writes({ mapFields: true, keyname })(sinkRecord(1, { value, ...(key !== undefined && { key }) })).params[0];
    expect(json(' {"n": 12345678901234567890}', 'k"')).toBe('{"key":"k\\"","n": 12345678901234567890}');
    expect(json('{}', 'k')).toBe('{"key":"k"}');
    expect(json('{"KEY":"a"}', 'k')).toBe('{"KEY":"a"}');
    expect(json('{"Key":"a"}', 'k', '"Key"')).toBe('{"\\"Key\\"":"k","Key":"a"}');
    expect(json('{"a":1}')).toBe('{"a":1}');
    for (const wrong of ['sekrit', '[1]', 'null', '1']) expect(() => json(wrong, 'k')).toThrow('no JSON object');
  });
});

describe('the cassandra sink with a client that fails', () => {
  const session = (
    execute: (params: readonly unknown[]) => Promise<void>,
    concurrency = 4,
    problem: string | undefined = undefined,
  ) => {
    let shutdowns = 0;
    const client = {
      execute: async (_query: string, params: readonly unknown[]) => {
        await execute(params);
        return { rows: [] };
      },
      shutdown: async () => {
        shutdowns++;
      },
    };
    const names = namesOf(config());
    const sink = new CassandraSession({ client, names, toWrite: writes(), problem: async () => problem, concurrency });
    return { sink, shutdowns: () => shutdowns };
  };
  const records = (count: number) =>
    Array.from({ length: count }, (_, n) => sinkRecord(n, { key: `k${n}`, value: 'sekrit' }));

  test('never has more writes under way than told', async () => {
    let underWay = 0;
    let most = 0;
    const { sink } = session(async () => {
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      underWay--;
    });
    expect((await sink.write(records(50), running())).every(({ ok }) => ok)).toBe(true);
    expect(most).toBe(4);
  });

  test('stops trying when the cluster is down, and gives every record a result to retry', async () => {
    let tried = 0;
    const { sink } = session(async () => {
      tried++;
      throw responseError(0x1000);
    });
    const results = await sink.write(records(100), running());
    expect(results).toHaveLength(100);
    expect(results.every((it) => !it.ok && (it.error as { code?: string }).code === 'PIO_SINK_UNAVAILABLE')).toBe(true);
    expect(tried).toBeLessThanOrEqual(8);
  });

  test('goes on past single failures of either kind', async () => {
    const { sink } = session(async ([key]) => {
      if (key === 'k3') throw responseError(0x1100);
      if (key === 'k5') throw responseError(0x2200);
    });
    const results = await sink.write(records(10), running());
    expect(
      results.flatMap((it, n) => (it.ok ? [] : [[n, (it.error as { disposition?: string }).disposition]])),
    ).toEqual([
      [3, 'retry'],
      [5, 'reject'],
    ]);
    expect(results[5]).toEqual({
      ok: false,
      error: expect.not.objectContaining({ message: expect.stringContaining('sekrit') }),
    });
  });

  test('blames the table and not the record when it is no more what it was', async () => {
    const { sink } = session(async () => Promise.reject(responseError(0x2200)), 4, 'does not exist: create it');
    expect(await sink.write(records(1), running())).toEqual([
      { ok: false, error: code('PIO_SINK_MISCONFIGURED', 'ks.Tab"le does not exist') },
    ]);
  });

  test('throws PIO_ABORTED when the run ends between writes', async () => {
    const ending = new AbortController();
    const { sink } = session(async () => ending.abort());
    await expect(sink.write(records(9), ending.signal)).rejects.toEqual(code('PIO_ABORTED'));
  });

  test('shuts the client down once', async () => {
    const { sink, shutdowns } = session(async () => {});
    await Promise.all([sink.close(), sink.close()]);
    expect(shutdowns()).toBe(1);
  });

  test('says PIO_SINK_UNAVAILABLE when no contact point answers', async () => {
    const opening = cassandraSink.open(config({ roots: '127.0.0.1:1', timeoutMs: 500 }), context());
    await expect(opening).rejects.toEqual(code('PIO_SINK_UNAVAILABLE', 'connecting to Cassandra at 127.0.0.1:1'));
    await expect(cassandraSink.open(config(), context({ signal: AbortSignal.abort() }))).rejects.toEqual(
      code('PIO_ABORTED'),
    );
  });
});

describe('errors of cassandra-driver', () => {
  test('have the code that their class and number mean', () => {
    class AuthenticationError extends Error {}
    const cases: [unknown, string][] = [
      [responseError(0x1000), 'PIO_SINK_UNAVAILABLE'],
      [responseError(0x1001), 'PIO_SINK_UNAVAILABLE'],
      [responseError(0x1100), 'PIO_SINK_UNAVAILABLE'],
      [responseError(0x0000), 'PIO_SINK_UNAVAILABLE'],
      [responseError(0x2100), 'PIO_SINK_MISCONFIGURED'],
      [responseError(0x2200), 'PIO_SINK_REJECTED'],
      [new TypeError('expected text'), 'PIO_SINK_REJECTED'],
      [new AuthenticationError('wrong'), 'PIO_SINK_MISCONFIGURED'],
      [Object.assign(new Error(), { innerErrors: { a: new AuthenticationError() } }), 'PIO_SINK_MISCONFIGURED'],
      [
        Object.assign(new Error(), { innerErrors: { a: new AuthenticationError(), b: new Error('down') } }),
        'PIO_SINK_UNAVAILABLE',
      ],
      [new Error('anything'), 'PIO_SINK_UNAVAILABLE'],
    ];
    for (const [error, expected] of cases) expect(cassandraError(error, 'doing').code).toBe(expected);
    expect(cassandraError(responseError(0x2200), 'doing')).toEqual(code('PIO_SINK_REJECTED', 'error 0x2200'));
    expect(cassandraError(responseError(0x2200), 'doing').message).not.toContain('sekrit');
  });
});

describe('the table of the cassandra sink', () => {
  const column = (name: string, type: string, kind: ColumnRow['kind'] = 'regular'): ColumnRow => ({ name, type, kind });
  const key = column('key', 'text', 'partition_key');
  const problem = (
    columns: ColumnRow[],
    more: Record<string, unknown> = {},
    guarantee: 'ATLEAST_ONCE' | 'EFFECTIVELY_ONCE' = 'ATLEAST_ONCE',
  ) => tableProblem(columns, namesOf(config(more)), config(more), guarantee);

  test('must have the key and the column, both text', () => {
    expect(problem([key, column('col', 'text')])).toBeUndefined();
    expect(problem([])).toContain('does not exist');
    expect(problem([column('other', 'text', 'partition_key')])).toContain('no column key');
    expect(problem([key])).toContain('no column col');
    expect(problem([key, column('col', 'int')])).toContain('of type int');
    expect(problem([column('key', 'uuid', 'partition_key'), column('col', 'text')])).toContain('whole primary key');
    expect(problem([key, column('c', 'text', 'clustering'), column('col', 'text')])).toContain('whole primary key');
  });

  test('may have any columns but counters with mapFields, and no lists under EFFECTIVELY_ONCE', () => {
    const list = [key, column('l', 'list<text>')];
    expect(problem([key, column('c', 'int', 'clustering')], { mapFields: true })).toBeUndefined();
    expect(problem([key, column('col', 'counter')], { mapFields: true })).toContain('counters');
    expect(problem(list, { mapFields: true })).toBeUndefined();
    expect(problem(list, { mapFields: true }, 'EFFECTIVELY_ONCE')).toContain('list l');
    expect(problem([key, column('l', 'frozen<list<text>>')], { mapFields: true }, 'EFFECTIVELY_ONCE')).toBeUndefined();
  });
});

describe('the config of the cassandra sink', () => {
  test("takes Pulsar's config", () => {
    expect(problemsOf(cassandraSink, base)).toEqual([]);
    expect(problemsOf(cassandraSink, {})).toEqual(
      ['roots', 'keyspace', 'keyname', 'columnFamily', 'columnName'].map((it) => `/configs/${it}`),
    );
  });

  test('refuses names and contact points that are none', () => {
    expect(problemsOf(cassandraSink, { ...base, keyspace: 'a; DROP TABLE b', columnName: 'a b' })).toEqual([
      '/configs/keyspace',
      '/configs/columnName',
    ]);
    expect(problemsOf(cassandraSink, { ...base, roots: 'a:b:c' })).toEqual(['/configs/roots']);
    expect(problemsOf(cassandraSink, { ...base, columnName: 'KEY' })).toEqual(['/configs/columnName']);
    expect(problemsOf(cassandraSink, { ...base, userName: 'u' })).toEqual(['/configs/password']);
  });

  test('reads names as CQL does, and contact points as Pulsar does', () => {
    expect([cqlName('Abc'), cqlName('"Abc"'), cqlName('"a""b"'), cqlName('1a'), cqlName('"')]).toEqual([
      'abc',
      'Abc',
      'a"b',
      undefined,
      undefined,
    ]);
    expect(contactPoints('a, b.c:9043 ,[::1]:1')).toEqual(['a:9042', 'b.c:9043', '[::1]:1']);
    expect(contactPoints(' , ')).toBeUndefined();
  });
});
