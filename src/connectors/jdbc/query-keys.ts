import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { choice, secretString, strictObject } from '../config.ts';

/** The keys of the sources that ask a database for new rows again and again: those of the sinks, and Kafka Connect's words for what is new. */
export const queryKeys = (notes: {
  readonly jdbcUrl: string;
  readonly userName: string;
  readonly tableName: string;
}) => ({
  userName: Type.Optional(secretString({ description: notes.userName })),
  password: Type.Optional(secretString({ description: 'Password of that user.' })),
  jdbcUrl: Type.String({ description: notes.jdbcUrl }),
  tableName: Type.Optional(Type.String({ minLength: 1, description: notes.tableName })),
  query: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Statement whose rows are read instead of a table’s: a SELECT without ORDER BY, LIMIT or parameters.',
    }),
  ),
  mode: choice(['incrementing', 'timestamp', 'timestamp+incrementing'], {
    default: 'incrementing',
    description:
      'What tells new rows: a number that grows, a time of the last change, or both, so that rows of one time are told apart.',
  }),
  incrementingColumnName: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Column with a whole number from 0 to 2^53 - 2 that grows with each row.',
    }),
  ),
  timestampColumnName: Type.Optional(
    Type.String({ minLength: 1, description: 'Column with the time of the last change.' }),
  ),
  timestampDelayIntervalMs: Type.Integer({
    minimum: 0,
    default: 0,
    description: 'Rows that are younger wait, so that transactions that began before them may commit, in milliseconds.',
  }),
  batchMaxRows: Type.Integer({ minimum: 1, maximum: 5_000, default: 1_000, description: 'Most rows of one request.' }),
  pollIntervalMs: Type.Integer({
    minimum: 1,
    default: 5_000,
    description: 'How long to wait before new rows are looked for, in milliseconds.',
  }),
  keyField: Type.Optional(Type.String({ minLength: 1, description: 'Column that becomes the key. Absent: no key.' })),
});

/** The keys alone, for those who read them whatever the database. */
export type QueryConfig = Omit<Static<ReturnType<typeof querySchema>>, 'jdbcUrl' | 'userName' | 'password'>;
const querySchema = () => strictObject(queryKeys({ jdbcUrl: '', userName: '', tableName: '' }));

const refuse = (isWrong: boolean, key: string, message: string): Problem[] =>
  isWrong ? [{ path: `/configs/${key}`, message }] : [];

/** Cross-field rules of {@link queryKeys}. */
export const checkQuery = (config: QueryConfig, guarantee: Guarantee): Problem[] => {
  const { mode, query, tableName, incrementingColumnName, timestampColumnName } = config;
  return [
    ...refuse(
      (tableName === undefined) === (query === undefined),
      'tableName',
      'give exactly one of tableName and query',
    ),
    ...refuse(
      (incrementingColumnName === undefined) === mode.includes('incrementing'),
      'incrementingColumnName',
      'must be given where mode is incrementing or timestamp+incrementing, and only there',
    ),
    ...refuse(
      (timestampColumnName === undefined) === mode.includes('timestamp'),
      'timestampColumnName',
      'must be given where mode is timestamp or timestamp+incrementing, and only there',
    ),
    ...refuse(
      guarantee === 'EFFECTIVELY_ONCE' && mode !== 'incrementing',
      'mode',
      'must be incrementing under EFFECTIVELY_ONCE: a row that changes its time is another row when it is read again',
    ),
    ...refuse(
      guarantee === 'EFFECTIVELY_ONCE' && query !== undefined,
      'query',
      'must be absent under EFFECTIVELY_ONCE: what may still be written below its highest number is not known of a query; name a table',
    ),
  ];
};
