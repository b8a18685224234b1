import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { FRONTIER_START } from '../../src/core/frontier.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import {
  postgresHarness,
  postgresOutageHarness,
  postgresRoutedHarness,
  postgresSchemaHarness,
  postgresTarget,
  postgresValuesHarness,
} from '../connectors/postgres-target.ts';
import { routedSinkContract } from '../contracts/routed-sink.ts';
import { sinkContract, sinkRecord, transactionalSinkContract } from '../contracts/sink.ts';
import { sinkOutageContract, sinkSchemaContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { code } from '../kit/failures.ts';
import { describeReal, usePostgres } from '../services/index.ts';

const running = () => new AbortController().signal;
const fields = (n: number, value: Record<string, unknown>, more: Partial<SinkRecord> = {}) =>
  sinkRecord(n, { value, ...more });
const message = (result: RecordResult | undefined) => (result && !result.ok ? result.error.message : undefined);
const oks = (results: readonly RecordResult[]) => results.map(({ ok }) => ok);

describeReal('the jdbc-postgres sink on a real server', ['postgres'], () => {
  sinkContract('jdbc-postgres', () => postgresHarness(usePostgres()));
  transactionalSinkContract('jdbc-postgres', () => postgresHarness(usePostgres()));
  routedSinkContract('jdbc-postgres', () => postgresRoutedHarness(usePostgres()));
  routedSinkContract('jdbc-postgres, tables that have to do with others', () =>
    postgresRoutedHarness(usePostgres(), true),
  );
  sinkOutageContract('jdbc-postgres', () => postgresOutageHarness(usePostgres()));
  sinkSchemaContract('jdbc-postgres', () => postgresSchemaHarness(usePostgres()));
  sinkValuesContract('jdbc-postgres', () => postgresValuesHarness(usePostgres()), {
    binary: { given: Uint8Array.of(0, 255, 10), expected: '\\x00ff0a' },
    boolean: { given: true, expected: 'true' },
    'integer beyond 2^53': { given: 9007199254740993n, expected: '9007199254740993' },
    decimal: { given: '12345678901234567890.0123456789', expected: '12345678901234567890.0123456789' },
    date: { given: '2024-02-29', expected: '2024-02-29' },
    timestamp: { given: '2024-02-29T23:59:59.123456Z', expected: '2024-02-29 23:59:59.123456+00' },
    'null field': { given: null, expected: null },
    nested: {
      given: { a: [1, { b: 'ž"\\' }], n: 9007199254740993n },
      expected: '{"a": [1, {"b": "ž\\"\\\\"}], "n": 9007199254740993}',
    },
  });

  const targets: Awaited<ReturnType<typeof postgresTarget>>[] = [];
  const target = async (columns?: string, configs: Record<string, unknown> = {}) => {
    const made = await postgresTarget(usePostgres(), configs, columns);
    targets.push(made);
    return made;
  };
  type Target = Awaited<ReturnType<typeof target>>;
  afterEach(async () => {
    for (const made of targets.splice(0)) await made.dispose();
  });
  const write = async (of: Target, records: readonly SinkRecord[], more: Record<string, unknown> = {}) => {
    const sink = await of.open(more);
    try {
      return await sink.write(records, running());
    } finally {
      await sink.close();
    }
  };

  test('casts values to their columns without cutting off, and takes arrays, JSON, enumerations and domains', async () => {
    const of = await target('id int, t varchar(3), n numeric(6,2), a int[], j json, m text[][], u uuid');
    await of.client.query(
      "CREATE TYPE mood AS ENUM ('ok', 'so la la'); CREATE DOMAIN few AS int[] CHECK (cardinality(value) < 3)",
    );
    await of.client.query('ALTER TABLE items ADD e mood, ADD d few');
    const u = '0b9d9a3e-7f4e-4d3a-9a58-3f0f3c7c1a11';
    const full = {
      id: 1,
      t: 'abc',
      n: 1.005,
      a: [1, null, 3],
      j: 'text',
      m: [
        ['a"', 'NULL'],
        ['{', '\\'],
      ],
      u,
      e: 'so la la',
      d: [1],
    };
    const results = await write(of, [
      fields(1, full),
      fields(2, { id: 2, t: 'abcd' }),
      fields(3, { id: 3, e: 'sekrit' }),
      fields(4, { id: 4, d: [1, 2, 3] }),
      fields(5, { id: 5, a: ['sekrit'] }),
      fields(6, { id: 6, j: 5, a: [] }),
    ]);
    expect(oks(results)).toEqual([true, false, false, false, false, true]);
    expect(
      (await of.client.query('SELECT id, t, n, a, j::text, m, u, e, d::int[] FROM items ORDER BY id')).rows,
    ).toEqual([
      { ...full, n: '1.01', j: '"text"' },
      { id: 6, t: null, n: null, a: [], j: '5', m: null, u: null, e: null, d: null },
    ]);
  });

  test('does what insertMode, or the message property ACTION, says, in the order of the records', async () => {
    const of = await target('id int PRIMARY KEY, a text, b text', { key: 'id', nonKey: 'a' });
    await write(
      of,
      [1, 2, 3].map((id) => fields(id, { id, a: 'a', b: 'b' })),
    );
    const upserts = ['one', 'two', 'three'].map((a, n) => fields(n, { id: 1, a, b: 'not set' }));
    await write(of, upserts, { insertMode: 'UPSERT' });
    await write(
      of,
      [fields(5, { id: 2, a: 'first' }), fields(6, { id: '02', a: 'last' }), fields(7, { id: 9, a: 'none' })],
      { insertMode: 'UPDATE' },
    );
    const action = (n: number, ACTION: string, value: Record<string, unknown>) =>
      fields(n, value, { properties: { ACTION } });
    const results = await write(of, [
      action(8, 'DELETE', { id: 3 }),
      fields(9, { id: 3, a: 'again', b: 'c' }),
      action(10, 'UPDATE', { id: 3, a: 'and again' }),
      action(11, 'MERGE', { id: 3 }),
      action(12, 'UPDATE', { a: 'no key' }),
    ]);
    expect(oks(results)).toEqual([true, true, true, false, false]);
    expect(await of.rows()).toEqual([
      { id: 1, a: 'three', b: 'b' },
      { id: 2, a: 'last', b: 'b' },
      { id: 3, a: 'and again', b: 'c' },
    ]);
  });

  test('upserts keys that the database holds for equal one after the other', async () => {
    const of = await target('id numeric PRIMARY KEY, v text', { key: 'id', insertMode: 'UPSERT' });
    const records = ['1', '1.0', '2', '1.00'].map((id, n) => fields(n, { id, v: String(n) }));
    expect(oks(await write(of, records))).toEqual([true, true, true, true]);
    expect((await of.rows()).map(({ v }) => v)).toEqual(['3', '2']);
    const sink = await of.open();
    const [topic, token] = ['t', { generation: 1, epoch: 1 }];
    await sink.fence(topic, token, FRONTIER_START, running());
    const move = { topic, token, from: FRONTIER_START, to: { ...FRONTIER_START, ledgerId: 7 } };
    expect(await sink.transact(records, move, running())).toBeUndefined();
    await sink.close();
  });

  test('rejects what violates a constraint, naming constraint, column and record and no value', async () => {
    const of = await target(
      'id int PRIMARY KEY, a text NOT NULL, c int CONSTRAINT positive CHECK (c > 0), u text CONSTRAINT once UNIQUE, p int REFERENCES items',
    );
    await of.client.query(
      "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not %', new.a; END $$; CREATE TRIGGER no BEFORE INSERT ON items FOR EACH ROW WHEN (new.a = 'sekrit refused') EXECUTE FUNCTION no()",
    );
    const wrong: [Record<string, unknown>, string][] = [
      [{ id: 1, a: 'a' }, 'SQLSTATE 23505, constraint items_pkey'],
      [{ id: 3 }, 'SQLSTATE 23502, column a'],
      [{ id: 4, a: 'a', c: -5 }, 'SQLSTATE 23514, constraint positive'],
      [{ id: 5, a: 'a', u: 'sekrit' }, 'SQLSTATE 23505, constraint once'],
      [{ id: 'sekrit', a: 'a' }, 'SQLSTATE 22P02'],
      [{ id: 2n ** 64n, a: 'a' }, 'SQLSTATE 22003'],
      [{ id: 8, a: 'sekrit\u0000' }, 'SQLSTATE 22021'],
      [{ id: 9, a: 'a', p: 99 }, 'SQLSTATE 23503'],
      [{ id: 10, a: 'sekrit refused' }, 'SQLSTATE P0001'],
      [{ id: 11, a: 'a', u: Array.from({ length: 4_000 }, () => Math.random()).join() }, 'SQLSTATE 54000'],
    ];
    const results = await write(of, [
      fields(0, { id: 1, a: 'a', u: 'sekrit' }),
      ...wrong.map(([value], n) => fields(n + 1, value)),
      sinkRecord(98, { value: ['sekrit'] }),
      fields(99, { id: 99, a: 'a', p: 1 }),
    ]);
    expect(oks(results)).toEqual([true, ...wrong.map(() => false), false, true]);
    for (const [n, [, told]] of wrong.entries()) {
      expect(message(results[n + 1])).toContain(told);
      expect(message(results[n + 1])).toContain(`persistent://public/default/in 7:${n + 1} to table items of`);
    }
    for (const result of results) {
      if (result.ok) continue;
      expect(result.error).toMatchObject({ disposition: 'reject' });
      expect(result.error.cause).toBeUndefined();
      expect(result.error.message).not.toContain('sekrit');
    }
    expect((await of.rows()).map(({ id }) => id)).toEqual([1, 99]);
  });

  test('keeps the order between tables of which one refers to the other, and writes others table by table', async () => {
    const of = await target('id int PRIMARY KEY, v text', { key: 'id', insertMode: 'UPSERT' });
    await of.client.query(
      'CREATE TABLE parts (id int PRIMARY KEY, v text, of int REFERENCES items ON DELETE CASCADE); CREATE TABLE free (id int PRIMARY KEY, v text)',
    );
    const to = (destination: string, n: number, value: Record<string, unknown>, ACTION = 'UPSERT') =>
      fields(n, value, { destination, properties: { ACTION } });
    const sink = await of.open();
    const records = [
      fields(1, { id: 1, v: 'a' }),
      to('parts', 2, { id: 1, of: 1 }),
      to('free', 3, { id: 1, v: 'x' }),
      to('items', 4, { id: 1 }, 'DELETE'),
      to('free', 5, { id: 1, v: 'y' }),
      to(`${of.schema}.items`, 6, { id: 1, v: 'b' }),
    ];
    expect(oks(await sink.write(records, running())).every(Boolean)).toBe(true);
    expect(await of.rows()).toEqual([{ id: 1, v: 'b' }]);
    expect((await of.client.query('SELECT * FROM parts')).rows).toEqual([]); // gone with the row that it was of
    expect((await of.client.query('SELECT v FROM free')).rows).toEqual([{ v: 'y' }]);
    await sink.close();
  });

  test('finds the record that violates a constraint which is checked at commit', async () => {
    const of = await target('id int UNIQUE DEFERRABLE INITIALLY DEFERRED');
    const records = [1, 2, 2, 3].map((id, n) => fields(n, { id }));
    expect(oks(await write(of, records))).toEqual([true, true, false, true]);
    const sink = await of.open();
    const [topic, token] = ['t', { generation: 1, epoch: 1 }];
    await sink.fence(topic, token, FRONTIER_START, running());
    const move = { topic, token, from: FRONTIER_START, to: { ...FRONTIER_START, ledgerId: 7 } };
    expect(await sink.transact([fields(9, { id: 3 })], move, running())).toEqual([undefined]);
    await expect(sink.fence(topic, { generation: 1, epoch: 2 }, FRONTIER_START, running())).resolves.toMatchObject({
      frontier: FRONTIER_START,
    });
    await sink.close();
  });

  test('leaves columns to their defaults with excludeNonDeclaredFields, and generated ones always', async () => {
    const of = await target(
      "id int PRIMARY KEY, a text, b text DEFAULT 'given', g int GENERATED ALWAYS AS (id + 1) STORED, i int GENERATED ALWAYS AS IDENTITY",
      { key: 'id', nonKey: 'a' },
    );
    await write(of, [fields(1, { id: 1, a: 'x', b: 'ignored' })], { excludeNonDeclaredFields: true });
    await write(of, [fields(2, { id: 2, a: 'x', b: 'taken' })]);
    expect(await of.rows()).toEqual([
      { id: 1, a: 'x', b: 'given', g: 2, i: 1 },
      { id: 2, a: 'x', b: 'taken', g: 3, i: 2 },
    ]);
  });

  describe('opened with what is wrong', () => {
    const opening = async (more: Record<string, unknown>) => (await target()).open(more);

    test('says PIO_SINK_MISCONFIGURED for credentials, database, table, column and key', async () => {
      const { host, port } = usePostgres();
      const cases: [Record<string, unknown>, string][] = [
        [{ password: 'wrong' }, 'password authentication failed'],
        [{ jdbcUrl: `jdbc:postgresql://${host}:${port}/nosuch` }, 'database "nosuch" does not exist'],
        [{ tableName: 'nosuch' }, 'has no table nosuch'],
        [{ key: 'nokey', insertMode: 'DELETE' }, 'without the column nokey'],
        [{ key: 'v', insertMode: 'UPSERT' }, 'ON CONFLICT'],
      ];
      for (const [more, text] of cases)
        await expect(opening(more)).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', text));
    });

    test('says PIO_SINK_MISCONFIGURED for a missing right, of the table and of the frontiers', async () => {
      const of = await target();
      const user = `u_${of.schema}`;
      await of.client.query(`CREATE ROLE ${user} LOGIN PASSWORD 'pass'; GRANT USAGE ON SCHEMA ${of.schema} TO ${user}`);
      const as = { userName: user, password: 'pass' };
      await expect(of.open(as)).rejects.toEqual(code('PIO_SINK_MISCONFIGURED'));
      await of.client.query(`GRANT SELECT, INSERT ON items TO ${user}`);
      const sink = await of.open(as);
      const fencing = sink.fence('t', { generation: 1, epoch: 1 }, FRONTIER_START, running());
      await expect(fencing).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', 'or create it: CREATE TABLE'));
      await sink.close();
      await of.client.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
    });

    test('says PIO_SINK_UNAVAILABLE when nobody answers, and tries the next host', async () => {
      const { host, port, database } = usePostgres();
      const nobody = 'jdbc:postgresql://127.0.0.1:1';
      await expect(opening({ jdbcUrl: `${nobody}/x` })).rejects.toEqual(code('PIO_SINK_UNAVAILABLE', '127.0.0.1:1'));
      const of = await target();
      const sink = await of.open({ jdbcUrl: `${nobody},${host}:${port}/${database}?currentSchema=${of.schema}` });
      await sink.close();
    });

    test('checks the server’s certificate as sslmode says', async () => {
      const { port, database, certificatePath } = usePostgres();
      const of = await target();
      const url = (host: string, mode: string) =>
        `jdbc:postgresql://${host}:${port}/${database}?currentSchema=${of.schema}&sslmode=${mode}`;
      const caCertificate = readFileSync(certificatePath, 'utf8');
      for (const mode of ['disable', 'prefer', 'require'])
        await (await of.open({ jdbcUrl: url('127.0.0.1', mode) })).close();
      await (await of.open({ jdbcUrl: url('localhost', 'verify-full'), caCertificate })).close();
      await (await of.open({ jdbcUrl: url('127.0.0.1', 'verify-ca'), caCertificate })).close();
      await expect(of.open({ jdbcUrl: url('127.0.0.1', 'verify-full'), caCertificate })).rejects.toEqual(
        code('PIO_SINK_MISCONFIGURED'),
      );
      await expect(of.open({ jdbcUrl: url('localhost', 'verify-full') })).rejects.toEqual(
        code('PIO_SINK_MISCONFIGURED'),
      );
    });
  });

  test('makes commits durable, and lets the server end what a frozen run leaves open, whatever the database is set to', async () => {
    const setting = (name: string) => `text DEFAULT current_setting('${name}')`;
    const columns = `k text, durable ${setting('synchronous_commit')}, idle ${setting('idle_in_transaction_session_timeout')}, slow ${setting('statement_timeout')}`;
    const of = await target(columns, { nonKey: 'k', excludeNonDeclaredFields: true });
    const user = `d_${of.schema}`;
    await of.client.query(
      `CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD 'pass'; ALTER ROLE ${user} SET synchronous_commit = off`,
    );
    const as = { userName: user, password: 'pass', operationTimeoutMs: 2_000 };
    expect(oks(await write(of, [fields(1, { k: 'a' })], as))).toEqual([true]);
    expect(await of.rows()).toEqual([{ k: 'a', durable: 'on', idle: '2s', slow: '2s' }]);
    await of.client.query(`DROP ROLE ${user}`);
  });

  test('writes 20,000 records once each', async () => {
    const of = await target('id int, name text, amount double precision, at timestamptz, ok boolean');
    const sink = await of.open();
    const at = '2024-02-29T23:59:59Z';
    const records = Array.from({ length: 20_000 }, (_, id) =>
      fields(id, { id, name: `name ${id}`, amount: id / 7, at, ok: true }),
    );
    const startedAtMs = performance.now();
    for (let from = 0; from < records.length; from += 5_000)
      expect(oks(await sink.write(records.slice(from, from + 5_000), running())).every(Boolean)).toBe(true);
    if (process.env.PIO_FIGURES)
      process.stderr.write(`jdbc-postgres: ${Math.round(20_000_000 / (performance.now() - startedAtMs))} records/s\n`);
    expect((await of.client.query('SELECT count(DISTINCT id)::int AS d, count(*)::int AS n FROM items')).rows).toEqual([
      { d: 20_000, n: 20_000 },
    ]);
    await sink.close();
  });
});
