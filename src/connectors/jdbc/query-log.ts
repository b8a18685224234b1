import { type Static, Type } from '@sinclair/typebox';
import type { OpenLogSource } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { parseExact } from '../../core/exact-json.ts';
import { isSequence, type Position } from '../../core/position.ts';
import type { SourceRecord } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import { strictObject } from '../config.ts';
import { keyText } from '../json-key.ts';
import type { QueryConfig } from './query-keys.ts';

/** Behind which row a table was read. */
export const rowPosition = strictObject({
  incrementing: Type.Optional(Type.String({ description: 'Its number.' })),
  timestamp: Type.Optional(Type.String({ description: 'Its time, as the database writes it.' })),
  ties: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'How many rows of that time were read, where nothing else tells them apart.',
    }),
  ),
  sequence: Type.Integer({ minimum: -1, description: 'The number, or how many records lie before, less one.' }),
});

/** A position in a table. */
export type RowPosition = Static<typeof rowPosition>;

/** A row: its fields as JSON, and what it is told from others by, as text. */
export interface QueryRow {
  readonly json: string;
  readonly incrementing: string | null;
  readonly timestamp: string | null;
}

/** A database that is asked for rows. Throws `PIO_SOURCE_…`. */
export interface QueryDatabase {
  /** Up to where rows may be read now: nothing comes later that belongs before. Undefined: there is nothing. */
  horizon(signal: AbortSignal): Promise<string | undefined>;
  /** At most so many rows behind `from` and up to `horizon`, in order. */
  rows(from: RowPosition, horizon: string, signal: AbortSignal): Promise<readonly QueryRow[]>;
  close(): Promise<void>;
}

const PARTITION = 'rows';

/** The rows of a table or query as a log, in the order of what tells new ones. */
export class QueryLog implements OpenLogSource {
  readonly #database: QueryDatabase;
  readonly #config: QueryConfig;

  constructor(database: QueryDatabase, config: QueryConfig) {
    this.#database = database;
    this.#config = config;
  }

  async partitions(): Promise<readonly string[]> {
    return [PARTITION];
  }

  async *read(
    _partition: string,
    from: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceRecord[], void, void> {
    throwIfAborted(signal, 'reading rows');
    const horizon = await this.#database.horizon(signal);
    if (horizon === undefined) return;
    let position = (from ?? { sequence: -1 }) as RowPosition;
    let next = this.#ask(position, horizon, signal);
    for (;;) {
      const rows = await next;
      const page = rows.map((row) => {
        position = this.#behind(position, row);
        return this.#record(row, position);
      });
      const isLast = page.length < this.#config.batchMaxRows;
      // The database is asked for the next page while this one is published.
      if (!isLast) next = this.#ask(position, horizon, signal);
      if (page.length > 0) yield page;
      if (isLast) return;
    }
  }

  /** A reader that leaves early does not wait for the answer. */
  #ask(behind: RowPosition, horizon: string, signal: AbortSignal): Promise<readonly QueryRow[]> {
    throwIfAborted(signal, 'reading rows');
    const rows = this.#database.rows(behind, horizon, signal);
    rows.catch(() => undefined);
    return rows;
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #behind(before: RowPosition, { incrementing, timestamp }: QueryRow): RowPosition {
    const { mode } = this.#config;
    if (mode === 'incrementing') return { incrementing: incrementing ?? '', sequence: this.#numberOf(incrementing) };
    const sequence = before.sequence + 1;
    const at = timestamp ?? '';
    if (mode === 'timestamp+incrementing') return { timestamp: at, incrementing: incrementing ?? '', sequence };
    return { timestamp: at, ties: at === before.timestamp ? (before.ties ?? 0) + 1 : 1, sequence };
  }

  #numberOf(text: string | null): number {
    const number = Number(text ?? Number.NaN);
    if (isSequence(number)) return number;
    throw new PulsarIoError(
      'PIO_SOURCE_RECORD_INVALID',
      `column ${this.#config.incrementingColumnName} has a value that is no whole number from 0 to 2^53 - 2`,
      { disposition: 'fatal' },
    );
  }

  #record({ json }: QueryRow, position: RowPosition): SourceRecord {
    const { keyField } = this.#config;
    const key = keyField === undefined ? undefined : keyText(parseExact(json), keyField);
    return { value: json, ...(key !== undefined && { key }), sequence: position.sequence, position };
  }
}
