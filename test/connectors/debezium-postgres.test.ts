import { expect, test } from '@jest/globals';
import { debeziumPostgresConfig } from '../../src/connectors/debezium-postgres/config.ts';
import { Envelopes } from '../../src/connectors/debezium-postgres/envelope.ts';
import { parseArray, parseRow } from '../../src/connectors/debezium-postgres/literals.ts';
import type { Change } from '../../src/connectors/debezium-postgres/pgoutput.ts';
import { formatLsn, type LsnPosition, parseLsn } from '../../src/connectors/debezium-postgres/position.ts';
import { schemaOf } from '../../src/connectors/debezium-postgres/schemas.ts';
import { debeziumPostgresSource } from '../../src/connectors/debezium-postgres/source.ts';
import type { Table, Tables } from '../../src/connectors/debezium-postgres/tables.ts';
import { Transactions } from '../../src/connectors/debezium-postgres/transactions.ts';
import { convert, unscaledBytes } from '../../src/connectors/debezium-postgres/values.ts';
import { messageCodec } from '../../src/core/schema/codec.ts';
import type { SchemaDefinition } from '../../src/core/schema/definition.ts';
import { keyValueParts } from '../../src/core/schema/key-value.ts';
import { resolveConfig } from '../../src/core/type-config.ts';
import { configOf, problemsOf } from './open.ts';

const PULSARS_OWN = {
  'database.hostname': 'localhost',
  'database.port': '5432',
  'database.user': 'postgres',
  'database.password': 'postgres',
  'database.dbname': 'postgres',
  'database.server.name': 'dbserver1',
  'schema.whitelist': 'inventory',
  'database.history.pulsar.service.url': 'pulsar://127.0.0.1:6650',
};

const OTHERS = {
  'topic.prefix': 'dbserver1',
  'table.include.list': 'public.users,public\\.orders_.*',
  'column.exclude.list': 'public.users.password',
  'plugin.name': 'decoderbufs',
  'slot.name': 'my_slot',
  'slot.drop.on.stop': 'false',
  'slot.max.retries': '3',
  'slot.retry.delay.ms': '500',
  'publication.name': 'my_publication',
  'publication.autocreate.mode': 'filtered',
  'snapshot.mode': 'no_data',
  'tombstones.on.delete': 'true',
  'decimal.handling.mode': 'string',
  'time.precision.mode': 'connect',
  'binary.handling.mode': 'hex',
  'interval.handling.mode': 'string',
  'skipped.operations': 'none',
  'unavailable.value.placeholder': '?',
  'database.sslmode': 'require',
  'poll.interval.ms': '200',
  'offset.storage.topic': 'offsets',
  'database.history': 'org.apache.pulsar.io.debezium.PulsarDatabaseHistory',
  'database.history.pulsar.topic': 'history',
  'pulsar.service.url': 'pulsar://127.0.0.1:6650',
  'topic.namespace': 'public/default',
  'task.class': 'io.debezium.connector.postgresql.PostgresConnectorTask',
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'tasks.max': 1,
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'heartbeat.interval.ms': '1000',
  'max.batch.size': '2048',
  'max.queue.size': '8192',
  'snapshot.fetch.size': '10240',
  'status.update.interval.ms': '10000',
  'provide.transaction.metadata': 'false',
  'json-with-envelope': false,
};

test('takes the configuration that Pulsar gives as an example, unchanged', () => {
  expect(problemsOf(debeziumPostgresSource, PULSARS_OWN)).toEqual([]);
});

test.each(Object.entries(OTHERS))('takes the key %s', (key, value) => {
  expect(problemsOf(debeziumPostgresSource, { ...PULSARS_OWN, [key]: value })).toEqual([]);
});

test('names every key of its page, and no other', () => {
  const tested = new Set([...Object.keys(PULSARS_OWN), ...Object.keys(OTHERS)]);
  const own = ['caCertificate', 'operationTimeoutMs'];
  const lists = /^(schema|table|column)\.(include\.list|exclude\.list|whitelist|blacklist)$/;
  const left = Object.keys(debeziumPostgresConfig.properties).filter(
    (key) => !tested.has(key) && !own.includes(key) && !lists.test(key),
  );
  expect(left).toEqual([]);
});

test.each([
  [{ 'database.server.name': null }, '/configs/topic.prefix'],
  [{ 'topic.namespace': 'default' }, '/configs/topic.namespace'],
  [{ 'snapshot.mode': 'always' }, '/configs/snapshot.mode'],
  [{ 'slot.drop.on.stop': true }, '/configs/slot.drop.on.stop'],
  [{ 'json-with-envelope': 'true' }, '/configs/json-with-envelope'],
  [{ 'schema.exclude.list': 'x' }, '/configs/schema.exclude.list'],
  [{ 'table.include.list': 'a.(' }, '/configs/table.include.list'],
  [{ 'skipped.operations': 'x' }, '/configs/skipped.operations'],
  [{ 'slot.name': 'Capital' }, '/configs/slot.name'],
])('refuses %j', (more, path) => {
  expect(problemsOf(debeziumPostgresSource, { ...PULSARS_OWN, ...more })).toEqual([path]);
});

test.each([{}, { 'time.precision.mode': 'connect', 'decimal.handling.mode': 'double', 'binary.handling.mode': 'hex' }])(
  'describes a table with every type by schemas that Avro takes, and its records fit: %j',
  async (more) => {
    const oids = [16, 17, 20, 21, 23, 26, 700, 701, 600, 790, 1082, 1083, 1114, 1184, 1186, 1266, 1560, 1700, 25];
    const columns = oids.flatMap((oid) => [
      { name: `c${oid}`, typeOid: oid, modifier: -1, isKey: oid === 23, isTaken: true, type: { oid, modifier: -1 } },
      {
        name: `a${oid}`,
        typeOid: 0,
        modifier: -1,
        isKey: false,
        isTaken: true,
        type: { oid: 0, modifier: -1, element: { oid, modifier: -1 } },
      },
    ]);
    const odd = { ...columns[0], name: 'not a name' } as (typeof columns)[0];
    const of: Table = { schema: 'public', name: '1 table', isTaken: true, columns: [...columns, odd] };
    const { key, value, encoding } = keyValueParts(schemaOf(of, config(more)));
    expect(encoding).toBe('SEPARATED');
    for (const part of [key, value]) await messageCodec({ ...part, type: 'Avro' });
    const fieldsOf = (schema: SchemaDefinition) => JSON.parse(Buffer.from(schema.data).toString()).fields;
    expect(fieldsOf(key)).toEqual([{ name: 'c23', type: 'int' }]);
    const [before] = fieldsOf(value);
    expect(before.type[1].fields).toHaveLength(columns.length);
    expect(JSON.parse(Buffer.from(value.data).toString())).toMatchObject({
      name: 'Envelope',
      namespace: 'dbserver1.public._1_table',
    });
    const keyless = { ...of, columns: of.columns.map((it) => ({ ...it, isKey: false })) };
    expect(schemaOf(keyless, config(more)).type).toBe('Json');
  },
);

test('reads and writes places in the log', () => {
  expect(parseLsn('16/B374D848')).toBe(0x16b374d848n);
  expect(formatLsn(0x16b374d848n)).toBe('16/B374D848');
  expect(formatLsn(parseLsn('0/0'))).toBe('0/0');
});

test('reads rows and arrays in PostgreSQL’s text form', () => {
  expect(parseRow('(1,"a ""b"" \\\\ c",,"","x,y)")')).toEqual(['1', 'a "b" \\ c', null, '', 'x,y)']);
  expect(parseRow('()')).toEqual([null]);
  expect(parseArray('{1,NULL,"a\\"b",{x,y},"NULL"}', (it) => it)).toEqual(['1', null, 'a"b', ['x', 'y'], 'NULL']);
  expect(parseArray('[0:1]={5,6}', Number)).toEqual([5, 6]);
  expect(parseArray('{}', Number)).toEqual([]);
});

const config = (more: Record<string, unknown> = {}) => configOf(debeziumPostgresSource, { ...PULSARS_OWN, ...more });

test.each([
  [16, -1, 't', true],
  [20, -1, '9223372036854775807', 9_223_372_036_854_775_807n],
  [701, -1, 'NaN', 'NaN'],
  [1700, (10 << 16) + 2 + 4, '-123.45', unscaledBytes(-12_345n).toString('base64')],
  [1700, -1, '1.5', { scale: 1, value: 'Dw==' }],
  [17, -1, '\\x0102', 'AQI='],
  [1082, -1, '1970-01-02', 1],
  [1082, -1, '0044-03-15 BC', -735_160],
  [1083, -1, '01:00:00.5', 3_600_500_000],
  [1083, 3, '01:00:00.5', 3_600_500],
  [1114, -1, '1970-01-01 00:00:01.000001', 1_000_001],
  [1114, 0, '1969-12-31 23:59:59', -1_000],
  [1184, -1, '2026-11-21 20:00:00.5+00', '2026-11-21T20:00:00.5Z'],
  [1266, -1, '01:30:00+02', '23:30:00Z'],
  [1186, -1, '1 year 2 mons 3 days -04:05:06.7', 37_061_693_300_000],
  [1560, 1, '1', true],
  [1560, 10, '1000000001', 'AQI='],
  [25, -1, 'text', 'text'],
])('writes a value of the type %i as Debezium does (modifier %i): %s', (oid, modifier, text, expected) => {
  expect(convert(text, { oid, modifier }, config())).toEqual(expected);
});

test('writes values in the ways that the configuration names', () => {
  const of = (more: Record<string, unknown>, oid: number, text: string) =>
    convert(text, { oid, modifier: -1 }, config(more));
  expect(of({ 'decimal.handling.mode': 'string' }, 1700, '1.50')).toBe('1.50');
  expect(of({ 'decimal.handling.mode': 'double' }, 1700, '1.50')).toBe(1.5);
  expect(of({ 'binary.handling.mode': 'hex' }, 17, '\\x0aff')).toBe('0aff');
  expect(of({ 'time.precision.mode': 'connect' }, 1114, '1970-01-01 00:00:01')).toBe(1_000);
  expect(of({ 'interval.handling.mode': 'string' }, 1186, '1 mon -00:00:01.5')).toBe('P0Y1M0DT0H0M-1.5S');
});

const column = (name: string, isKey: boolean) => ({
  ...{ name, isKey, typeOid: 25, modifier: -1, isTaken: true },
  type: { oid: 25, modifier: -1 },
});
const table: Table = {
  schema: 'public',
  name: 'items',
  isTaken: true,
  columns: [column('k', true), column('v', false)],
};
const tables = { of: async () => table } as unknown as Tables;
const relation = { oid: 1, schema: 'public', table: 'items', identity: 'd', columns: [] };
const signal = new AbortController().signal;

/** Two transactions: one of three changes, of which one gives three records, and one of one change. */
const LOG: readonly (readonly [bigint, Change | 'begin' | 'commit'])[] = [
  [10n, 'begin'],
  [11n, { type: 'insert', oid: 1, row: ['a', '1'] }],
  [12n, { type: 'update', oid: 1, old: ['a', null], isOldKeyOnly: true, row: ['b', undefined] }],
  [13n, { type: 'delete', oid: 1, old: ['b', null], isOldKeyOnly: true }],
  [20n, 'commit'],
  [30n, 'begin'],
  [31n, { type: 'insert', oid: 1, row: ['c', '2'] }],
  [40n, 'commit'],
];

const readFrom = async (from: LsnPosition) => {
  const reading = new Transactions(tables, new Envelopes(config({ 'tombstones.on.delete': true })), from);
  await reading.take({ type: 'relation', relation }, 0n, signal);
  for (const [lsn, what] of LOG) {
    const commit = lsn <= 20n ? 20n : 40n;
    // The server leaves out transactions that committed before.
    if (commit < parseLsn(from.lsn)) continue;
    if (what === 'begin') await reading.take({ type: 'begin', lsn: commit, atMs: 5, xid: 7 }, lsn, signal);
    else if (what === 'commit') await reading.take({ type: 'commit', endLsn: commit + 1n }, lsn, signal);
    else await reading.take(what, lsn, signal);
  }
  return { reading, records: reading.page() };
};

test('resumes behind every record of a transaction, also within a change that gives several', async () => {
  const { records } = await readFrom({ lsn: '0/1', index: 0, sequence: -1 });
  expect(records.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  for (const [at, { position }] of records.entries())
    expect((await readFrom(position as LsnPosition)).records).toEqual(records.slice(at + 1));
  expect(records.map(({ position }) => position.lsn)).toEqual([...Array(5).fill('0/14'), '0/15', '0/29']);
});

test('writes columns of every name, in their order, and places in the log with all their digits', () => {
  const names = ['__proto__', 'constructor', 'toString'];
  const odd = { ...table, columns: names.map((name, at) => column(name, at === 0)) };
  const lsn = 2n ** 63n - 1n;
  const origin = { lsn, atMs: 1, xid: 2 };
  const [record] = new Envelopes(config({})).of(odd, { type: 'insert', oid: 1, row: ['a', 'b', null] }, origin);
  expect(record?.key).toBe('{"__proto__":"a"}');
  expect(record?.value).toContain('"after":{"__proto__":"a","constructor":"b","toString":null}');
  expect(record?.value).toContain(`"lsn":${lsn},`);
});

test('says nothing of a large value that an update left alone', async () => {
  const { records } = await readFrom({ lsn: '0/1', index: 0, sequence: -1 });
  expect(JSON.parse(String(records[3]?.value)).after).toEqual({ k: 'b', v: '__debezium_unavailable_value' });
});

test('marks how far the log was read where it has nothing of ours, between transactions alone', async () => {
  const { reading } = await readFrom({ lsn: '0/1', index: 0, sequence: -1 });
  expect(reading.mark(100n, 1_000n)).toBeUndefined();
  expect(reading.mark(100n, 10n)).toMatchObject({
    isMark: true,
    sequence: 6,
    position: { lsn: '0/64', index: 0, sequence: 6 },
  });
  expect(reading.mark(105n, 10n)).toBeUndefined();
  await reading.take({ type: 'begin', lsn: 200n, atMs: 0, xid: 1 }, 150n, signal);
  expect(reading.mark(190n, 10n)).toBeUndefined();
});

test('its defaults are complete', () => {
  expect(resolveConfig(debeziumPostgresConfig, PULSARS_OWN).problems).toEqual([]);
});
