import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { caCertificate, choice, pulsarKey, secretString, splitList, strictObject, wholeMatch } from '../config.ts';
import { SSL_MODES } from '../jdbc/postgres/url.ts';

const STRING = 'java.lang.String';
const text = (description: string, more: object = {}) =>
  Type.Optional(Type.String({ description, ...pulsarKey(STRING), ...more }));
const unused = (why: string) =>
  Type.Optional(
    Type.Unsafe<unknown>({
      description: `Accepted and not used: ${why}`,
      type: ['string', 'number', 'boolean'],
      ...pulsarKey(STRING),
    }),
  );

const NOT_KAFKA = 'positions are kept in the deployment’s own store.';
const LIST = 'Comma-separated regular expressions, each of which must match the whole';

/** Keys of Debezium's PostgreSQL connector as Pulsar passes them on, with Debezium's defaults where none is named. */
export const debeziumPostgresConfig = strictObject({
  'database.hostname': Type.String({ minLength: 1, description: 'Host of the server.', ...pulsarKey(STRING) }),
  'database.port': Type.Integer({
    minimum: 1,
    maximum: 65_535,
    default: 5432,
    description: 'Its port.',
    ...pulsarKey('int', '5432'),
  }),
  'database.user': Type.String({
    minLength: 1,
    description: 'Role with the attribute REPLICATION, which may read the tables.',
    ...pulsarKey(STRING),
  }),
  'database.password': Type.Optional(secretString({ description: 'Its password.', ...pulsarKey(STRING) })),
  'database.dbname': Type.String({ minLength: 1, description: 'Database.', ...pulsarKey(STRING) }),
  'database.server.name': text('Name of the server in `source.name` of each record; the older name of `topic.prefix`.'),
  'topic.prefix': text('Name of the server in `source.name` of each record. Give this or `database.server.name`.'),
  'schema.include.list': text(`${LIST} name of a schema that is read. Absent: all.`),
  'schema.exclude.list': text(`${LIST} name of a schema that is not read.`),
  'schema.whitelist': text('Older name of `schema.include.list`.'),
  'schema.blacklist': text('Older name of `schema.exclude.list`.'),
  'table.include.list': text(`${LIST} \`schema.table\` of a table that is read. Absent: all.`),
  'table.exclude.list': text(`${LIST} \`schema.table\` of a table that is not read.`),
  'table.whitelist': text('Older name of `table.include.list`.'),
  'table.blacklist': text('Older name of `table.exclude.list`.'),
  'column.include.list': text(`${LIST} \`schema.table.column\` of a column that is in the records. Absent: all.`),
  'column.exclude.list': text(`${LIST} \`schema.table.column\` of a column that is not in the records.`),
  'plugin.name': choice(
    ['pgoutput', 'decoderbufs', 'wal2json', 'wal2json_rds', 'wal2json_streaming', 'wal2json_rds_streaming'],
    {
      default: 'pgoutput',
      description: 'Whatever is named, changes are read by `pgoutput`, which every server has.',
      ...pulsarKey(STRING, 'decoderbufs'),
    },
  ),
  'slot.name': Type.String({
    pattern: '^[a-z0-9_]{1,63}$',
    default: 'debezium',
    description: 'Replication slot; it is made where it is not there. Each connector needs its own.',
    ...pulsarKey(STRING, 'debezium'),
  }),
  'slot.drop.on.stop': Type.Optional(
    Type.Boolean({ description: 'Only false: without its slot a connector cannot go on.', ...pulsarKey('boolean') }),
  ),
  'slot.max.retries': Type.Integer({
    minimum: 0,
    maximum: 1_000,
    default: 6,
    description: 'With `slot.retry.delay.ms`: how long to wait for a slot that somebody else reads.',
    ...pulsarKey('int', '6'),
  }),
  'slot.retry.delay.ms': Type.Integer({
    minimum: 1,
    maximum: 600_000,
    default: 10_000,
    description: 'See `slot.max.retries`; the product of both is what counts.',
    ...pulsarKey('long', '10000'),
  }),
  'publication.name': Type.String({
    minLength: 1,
    maxLength: 63,
    default: 'dbz_publication',
    description: 'Publication whose tables are read.',
    ...pulsarKey(STRING, 'dbz_publication'),
  }),
  'publication.autocreate.mode': choice(['all_tables', 'filtered', 'disabled'], {
    default: 'all_tables',
    description:
      'A publication that is not there is made for all tables (a superuser may), for those that the lists select when it is made, or not at all.',
    ...pulsarKey(STRING, 'all_tables'),
  }),
  'snapshot.mode': choice(
    ['initial', 'initial_only', 'never', 'no_data', 'when_needed', 'exported', 'always', 'custom'],
    {
      default: 'initial',
      description:
        '`initial`, `exported`, `when_needed`: what the tables hold, then the changes. `initial_only`: without the changes. `never`, `no_data`: the changes alone. The others are refused.',
      ...pulsarKey(STRING, 'initial'),
    },
  ),
  'tombstones.on.delete': Type.Boolean({
    default: false,
    description:
      'Whether a record without a value follows each delete. Pulsar’s connector never publishes them, whatever this says.',
    ...pulsarKey('boolean', 'true'),
  }),
  'decimal.handling.mode': choice(['precise', 'double', 'string'], {
    default: 'precise',
    description: 'How `numeric` is written: bytes of the unscaled number as base64, a JSON number, or text.',
    ...pulsarKey(STRING, 'precise'),
  }),
  'time.precision.mode': choice(['adaptive', 'adaptive_time_microseconds', 'connect'], {
    default: 'adaptive',
    description: 'Unit of times and timestamps: that of the column, microseconds for times, or milliseconds.',
    ...pulsarKey(STRING, 'adaptive'),
  }),
  'binary.handling.mode': choice(['bytes', 'base64', 'base64-url-safe', 'hex'], {
    default: 'bytes',
    description: 'How `bytea` is written; `bytes` is base64 in JSON.',
    ...pulsarKey(STRING, 'bytes'),
  }),
  'interval.handling.mode': choice(['numeric', 'string'], {
    default: 'numeric',
    description: 'How `interval` is written: microseconds, where a year has 365.25 days, or ISO 8601.',
    ...pulsarKey(STRING, 'numeric'),
  }),
  'skipped.operations': Type.String({
    default: 't',
    description: 'Operations that give no record: a list of `c`, `u`, `d`, `t`, or `none`.',
    ...pulsarKey(STRING, 't'),
  }),
  'unavailable.value.placeholder': Type.String({
    default: '__debezium_unavailable_value',
    description: 'Stands for a large value that an update left as it was, and the server did not send.',
    ...pulsarKey(STRING, '__debezium_unavailable_value'),
  }),
  'database.sslmode': choice(SSL_MODES, {
    default: 'prefer',
    description: 'How the connection is encrypted, in libpq’s words.',
    ...pulsarKey(STRING, 'prefer'),
  }),
  'poll.interval.ms': Type.Integer({
    minimum: 1,
    default: 1_000,
    description: 'How long a source that has read all rests before it looks again, while its run lasts.',
    ...pulsarKey('long', '500'),
  }),
  'offset.storage.topic': unused(NOT_KAFKA),
  'database.history': unused('PostgreSQL needs no history.'),
  'database.history.pulsar.topic': unused('PostgreSQL needs no history.'),
  'database.history.pulsar.service.url': unused('PostgreSQL needs no history.'),
  'pulsar.service.url': unused('the deployment says where Pulsar is.'),
  'topic.namespace': text(
    'Namespace, `tenant/namespace`, in which each table has a topic of its own, `<topic.prefix>.<schema>.<table>`. Absent: everything goes to `topicName`.',
    { pattern: '^[-=:.\\w]+/[-=:.\\w]+$' },
  ),
  'task.class': unused('there is one implementation.'),
  'connector.class': unused('there is one implementation.'),
  'tasks.max': unused('a slot has one reader.'),
  'key.converter': unused('keys are JSON; their schema is the topic’s.'),
  'value.converter': unused('values are JSON; their schema is the topic’s.'),
  'heartbeat.interval.ms': unused('a slot moves on without heartbeats.'),
  'max.batch.size': unused('the runtime sizes batches.'),
  'max.queue.size': unused('the connection is not read faster than the topic takes.'),
  'snapshot.fetch.size': unused('the server writes the snapshot by itself.'),
  'status.update.interval.ms': unused('the server hears of us every second.'),
  'provide.transaction.metadata': Type.Optional(
    Type.Boolean({ description: 'Only false.', ...pulsarKey('boolean', 'false') }),
  ),
  'json-with-envelope': Type.Optional(
    Type.Boolean({ description: 'Only false: records carry no schema.', ...pulsarKey('boolean', 'false') }),
  ),
  caCertificate: caCertificate('the server’s certificate', ', for `verify-ca` and `verify-full`'),
  operationTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 30_000,
    description: 'Deadline of connecting and of one statement other than the snapshot’s, in milliseconds.',
  }),
});

/** Validated configuration of the debezium-postgres source. */
export type DebeziumPostgresConfig = Static<typeof debeziumPostgresConfig>;

/** The name that stands in `source.name`. */
export const serverName = (config: DebeziumPostgresConfig): string =>
  config['topic.prefix'] ?? config['database.server.name'] ?? '';

const refuse = (isWrong: boolean, key: string, message: string): Problem[] =>
  isWrong ? [{ path: `/configs/${key}`, message }] : [];

const LISTS = ['schema', 'table', 'column'].flatMap((of) =>
  ['include.list', 'exclude.list', 'whitelist', 'blacklist'].map((kind) => `${of}.${kind}`),
);

/** Cross-field rules of {@link debeziumPostgresConfig}. */
export const checkDebeziumPostgres = (config: DebeziumPostgresConfig): Problem[] => {
  const all = config as Readonly<Record<string, unknown>>;
  const mode = config['snapshot.mode'];
  return [
    ...refuse(serverName(config) === '', 'topic.prefix', 'must be given, or database.server.name'),
    ...refuse(
      mode === 'always' || mode === 'custom',
      'snapshot.mode',
      'must not be always or custom: runs are short, and each would begin anew. Positions can be reset by the admin API, which takes a new snapshot',
    ),
    ...['slot.drop.on.stop', 'provide.transaction.metadata', 'json-with-envelope'].flatMap((key) =>
      refuse(all[key] === true, key, 'must be false'),
    ),
    ...refuse(
      !/^(none|[cudt](\s*,\s*[cudt])*)$/.test(config['skipped.operations']),
      'skipped.operations',
      'must be none or a list of c, u, d and t',
    ),
    ...['schema', 'table'].flatMap((of) =>
      refuse(
        (all[`${of}.include.list`] ?? all[`${of}.whitelist`]) !== undefined &&
          (all[`${of}.exclude.list`] ?? all[`${of}.blacklist`]) !== undefined,
        `${of}.exclude.list`,
        `must be absent where ${of}.include.list is given`,
      ),
    ),
    ...LISTS.flatMap((key) =>
      refuse(
        splitList(all[key] as string | undefined).some((it) => !wholeMatch(it)),
        key,
        'must be a list of regular expressions',
      ),
    ),
  ];
};
