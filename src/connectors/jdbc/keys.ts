import { Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { choice, pulsarKey, secretString, splitList } from '../config.ts';

const STRING = 'java.lang.String';
const CONFIG_CLASS = 'org.apache.pulsar.io.jdbc.JdbcSinkConfig';

/** What the keys that differ between databases mean. */
export interface JdbcNotes {
  readonly userName: string;
  readonly password: string;
  readonly jdbcUrl: string;
  readonly tableName: string;
}

/** The keys of Pulsar's `JdbcSinkConfig`, in its order, which every JDBC sink has. */
export const jdbcKeys = (notes: JdbcNotes) => ({
  userName: Type.Optional(
    secretString({
      description: notes.userName,
      ...pulsarKey(STRING, '', { help: 'Username used to connect to the database specified by `jdbcUrl`' }),
    }),
  ),
  password: Type.Optional(
    secretString({
      description: notes.password,
      ...pulsarKey(STRING, '', { help: 'Password used to connect to the database specified by `jdbcUrl`' }),
    }),
  ),
  jdbcUrl: Type.String({
    description: notes.jdbcUrl,
    ...pulsarKey(STRING, '', { help: 'The JDBC url of the database this connector connects to' }),
  }),
  tableName: Type.String({
    minLength: 1,
    description: notes.tableName,
    ...pulsarKey(STRING, '', { help: 'The name of the table this connector writes messages to' }),
  }),
  nonKey: Type.Optional(
    Type.String({
      description:
        'Columns that UPDATE and UPSERT set: a comma-separated list. Absent: every column that is not in `key`.',
      ...pulsarKey(STRING, '', { help: 'Fields used in update events. A comma-separated list.' }),
    }),
  ),
  key: Type.Optional(
    Type.String({
      description: 'Columns that say which row UPDATE, UPSERT and DELETE mean: a comma-separated list.',
      ...pulsarKey(STRING, '', {
        help: 'Fields used in where condition of update and delete Events. A comma-separated list.',
      }),
    }),
  ),
  excludeNonDeclaredFields: Type.Boolean({
    default: false,
    description:
      'Whether INSERT and UPSERT name only the columns in `key` and `nonKey`, so that the others get their defaults. False: all columns; one that the message lacks is null.',
    ...pulsarKey('boolean', 'false', {
      help: "All the table fields are discovered automatically. 'excludeNonDeclaredFields' indicates if the table fields not explicitly listed in `nonKey` and `key` must be included in the query. By default all the table fields are included. To leverage of table fields defaults during insertion, it is suggested to set this value to `true`.",
    }),
  }),
  timeoutMs: Type.Integer({
    default: 500,
    description: 'Accepted and not used: the runtime decides how long it collects a batch.',
    ...pulsarKey('int', '500', {
      help: 'Enable batch mode by time. After timeoutMs milliseconds the operations queue will be flushed.',
    }),
  }),
  batchSize: Type.Optional(
    Type.Integer({
      description: 'Most rows in one transaction. Absent or not above 0: as many as the runtime collects.',
      ...pulsarKey('int', '200', {
        help: 'Enable batch mode by number of operations. This value is the max number of operations batched in the same transaction/batch.',
      }),
    }),
  ),
  useJdbcBatch: Type.Boolean({
    default: false,
    description: 'Accepted and not used: rows are always written in batches.',
    ...pulsarKey('boolean', 'false', {
      help: 'Use the JDBC batch API. This option is suggested to improve write performance.',
    }),
  }),
  useTransactions: Type.Boolean({
    default: true,
    description: 'Must be true: every batch is a transaction.',
    ...pulsarKey('boolean', 'true', { help: 'Enable transactions of the database.' }),
  }),
  insertMode: choice(['INSERT', 'UPSERT', 'UPDATE', 'DELETE'], {
    default: 'INSERT',
    description: 'What a message does to the table, unless its property `ACTION` names another of these.',
    ...pulsarKey(`${CONFIG_CLASS}$InsertMode`, 'INSERT', {
      help: 'If it is configured as UPSERT, the sink will use upsert semantics rather than plain INSERT/UPDATE statements. Upsert semantics refer to atomically adding a new row or updating the existing row if there is a primary key constraint violation, which provides idempotence.',
    }),
  }),
  nullValueAction: choice(['FAIL', 'DELETE'], {
    default: 'FAIL',
    description: 'A message without payload: `FAIL` rejects it, `DELETE` deletes the row that its key names.',
    ...pulsarKey(`${CONFIG_CLASS}$NullValueAction`, 'FAIL', {
      help: 'How to handle records with null values, possible options are DELETE or FAIL.',
    }),
  }),
});

/** The part of a config that {@link keyProblems} looks at. */
export interface JdbcKeys {
  readonly key?: string;
  readonly nonKey?: string;
  readonly insertMode: 'INSERT' | 'UPSERT' | 'UPDATE' | 'DELETE';
  readonly nullValueAction: 'FAIL' | 'DELETE';
  readonly excludeNonDeclaredFields: boolean;
  readonly useTransactions: boolean;
}

/** Cross-field rules of {@link jdbcKeys}. */
export const keyProblems = ({ key, nonKey, insertMode, nullValueAction, useTransactions }: JdbcKeys): Problem[] => {
  const problems: Problem[] = [];
  const keys = splitList(key);
  const columns = [...keys, ...splitList(nonKey)];
  if (keys.length === 0 && insertMode !== 'INSERT')
    problems.push({ path: '/configs/key', message: `must name the key columns: insertMode ${insertMode} needs them` });
  if (keys.length === 0 && nullValueAction === 'DELETE')
    problems.push({ path: '/configs/key', message: 'must name the key columns: nullValueAction DELETE needs them' });
  if (new Set(columns).size < columns.length)
    problems.push({ path: '/configs/nonKey', message: 'must not name a column twice, nor one that is in key' });
  if (!useTransactions)
    problems.push({
      path: '/configs/useTransactions',
      message: 'must be true: without a transaction a batch that fails half-way would be written twice',
    });
  return problems;
};
