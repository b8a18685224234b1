import { isDeepStrictEqual } from 'node:util';
import { stringifyExact } from '../../core/exact-json.ts';
import type { SourceRecord } from '../../core/record.ts';
import type { SchemaDefinition } from '../../core/schema/definition.ts';
import { type DebeziumPostgresConfig, serverName } from './config.ts';
import type { Change, Row } from './pgoutput.ts';
import { schemaOf } from './schemas.ts';
import { fieldsOf, type Table } from './tables.ts';
import { whole } from './values.ts';

/** Where in the log a change is, and when it was committed. */
export interface Origin {
  readonly lsn: bigint;
  readonly atMs: number;
  readonly xid: number | null;
  readonly isSnapshot?: boolean;
}

/** A record without its place. */
export type ChangeRecord = Omit<SourceRecord, 'sequence' | 'position'>;

type Operation = 'c' | 'u' | 'd' | 'r' | 't';

/** A topic's name as Debezium writes it: what a Kafka topic cannot be called becomes `_` (`TopicNamingStrategy`). */
const sanitized = (topic: string): string => topic.replaceAll(/[^a-zA-Z0-9._-]/g, '_');

/** Writes changes as Debezium does, without schema: what a row was, what it is, and where that comes from. */
export class Envelopes {
  readonly #config: DebeziumPostgresConfig;
  readonly #isSkipped: (operation: string) => boolean;
  readonly #schemas = new WeakMap<Table, SchemaDefinition>();
  readonly #lastSchemas = new Map<string, SchemaDefinition>();

  constructor(config: DebeziumPostgresConfig) {
    this.#config = config;
    this.#isSkipped = (operation) =>
      config['skipped.operations'].includes(operation) && config['skipped.operations'] !== 'none';
  }

  /** Records of a change: none, or several where its key changes. */
  of(table: Table, change: Change, origin: Origin): ChangeRecord[] {
    const { row, old } = change;
    if (change.type === 'insert') return this.#write('c', table, origin, undefined, row);
    if (change.type === 'delete') return this.#deleted(table, origin, old);
    const merged = row?.map((cell, at) => (cell === undefined && !change.isOldKeyOnly ? old?.[at] : cell));
    const isMoved = old !== undefined && this.#keyOf(table, old) !== this.#keyOf(table, merged ?? []);
    if (!isMoved) return this.#write('u', table, origin, change.isOldKeyOnly ? undefined : old, merged);
    return [...this.#deleted(table, origin, old), ...this.#write('c', table, origin, undefined, merged)];
  }

  /** A row of a snapshot. */
  ofSnapshot(table: Table, row: Row, origin: Origin): ChangeRecord[] {
    return this.#write('r', table, origin, undefined, row);
  }

  /** A table that was emptied. */
  ofTruncate(table: Table, origin: Origin): ChangeRecord[] {
    return this.#write('t', table, origin, undefined, undefined);
  }

  #deleted(table: Table, origin: Origin, old: Row | undefined): ChangeRecord[] {
    const [record] = this.#write('d', table, origin, old, undefined);
    if (!record) return [];
    return this.#config['tombstones.on.delete'] && record.key !== undefined
      ? [record, { ...record, value: null }]
      : [record];
  }

  #write(op: Operation, table: Table, origin: Origin, before: Row | undefined, after: Row | undefined): ChangeRecord[] {
    if (this.#isSkipped(op)) return [];
    const { schema, name } = table;
    const fields = (row: Row | undefined) => (row ? fieldsOf(table, row, this.#config) : null);
    const source = {
      version: 'pulsar-io-serverless',
      connector: 'postgresql',
      name: serverName(this.#config),
      ts_ms: origin.atMs,
      snapshot: String(origin.isSnapshot === true),
      db: this.#config['database.dbname'],
      schema,
      table: name,
      txId: origin.xid,
      lsn: whole(origin.lsn),
      xmin: null,
    };
    const envelope = {
      before: fields(before),
      after: fields(after),
      source,
      op,
      ts_ms: origin.atMs,
      transaction: null,
    };
    const topic = `${source.name}.${schema}.${name}`;
    const namespace = this.#config['topic.namespace'];
    const row = after ?? before;
    const key = row && this.#keyOf(table, row);
    return [
      {
        value: stringifyExact(envelope),
        ...(key !== undefined && { key }),
        properties: { 'debezium.topic': topic },
        ...(namespace !== undefined && {
          destinationTopic: `persistent://${namespace}/${sanitized(topic)}`,
          schema: this.#schemaOf(table),
        }),
        eventTimeMs: origin.atMs,
      },
    ];
  }

  /** The same object for as long as a table stays as it is, however often the log describes it. */
  #schemaOf(table: Table): SchemaDefinition {
    const known = this.#schemas.get(table);
    if (known) return known;
    const made = schemaOf(table, this.#config);
    const name = JSON.stringify([table.schema, table.name]);
    const last = this.#lastSchemas.get(name);
    const schema = last && isDeepStrictEqual(last, made) ? last : made;
    this.#schemas.set(table, schema);
    this.#lastSchemas.set(name, schema);
    return schema;
  }

  #keyOf(table: Table, row: Row): string | undefined {
    if (!table.columns.some(({ isKey }) => isKey)) return undefined;
    return stringifyExact(fieldsOf(table, row, this.#config, true));
  }
}
