import type { Client } from 'pg';
import type { OpenLogSource, SettledUpTo } from '../../core/connector-type.ts';
import type { Position } from '../../core/position.ts';
import type { SourceRecord } from '../../core/record.ts';
import { destroy } from '../jdbc/postgres/connect.ts';
import type { DebeziumPostgresConfig } from './config.ts';
import { connect, rowsOf } from './connect.ts';
import { Envelopes } from './envelope.ts';
import { sourceError } from './errors.ts';
import { type Filter, filterOf } from './filter.ts';
import { parseRow } from './literals.ts';
import { parseMessage } from './pgoutput.ts';
import { formatLsn, type LsnPosition, parseLsn } from './position.ts';
import type { ReplicationStream } from './replication-stream.ts';
import { attach, ensureSlot, findSlot, requireSlotAt } from './slot.ts';
import { parsePart, prefixOf, SNAPSHOT_END, writeSnapshot } from './snapshot.ts';
import { Tables } from './tables.ts';
import { markOf, Transactions } from './transactions.ts';

const PARTITION = 'changes';
const PAGE_RECORDS = 1_000;
/** So much log without a record of ours is worth a position of its own, so that the server need not keep it. */
const MARK_BYTES = 16n * 1024n * 1024n;

/** The changes of a database as a log, with what it held before as its beginning; one source partition, as a slot has one reader. */
export class SlotLog implements OpenLogSource {
  readonly #config: DebeziumPostgresConfig;
  readonly #client: Client;
  readonly #filter: Filter;
  readonly #tables: Tables;
  readonly #envelopes: Envelopes;
  #stream: ReplicationStream | undefined;
  #settled = 0n;
  #told = 0n;

  private constructor(config: DebeziumPostgresConfig, client: Client) {
    this.#config = config;
    this.#client = client;
    this.#filter = filterOf(config);
    this.#tables = new Tables(client, this.#filter);
    this.#envelopes = new Envelopes(config);
  }

  /** Connects; makes nothing. */
  static async open(config: DebeziumPostgresConfig, signal: AbortSignal): Promise<SlotLog> {
    return new SlotLog(config, await connect(config, signal));
  }

  async partitions(): Promise<readonly string[]> {
    return [PARTITION];
  }

  async begin(_partition: string, signal: AbortSignal): Promise<Position> {
    const { confirmed } = await ensureSlot(this.#client, this.#config, this.#filter, signal);
    const mode = this.#config['snapshot.mode'];
    if (mode === 'never' || mode === 'no_data') return { lsn: confirmed, index: 0, sequence: -1 };
    return writeSnapshot(this.#config, this.#filter, signal);
  }

  async *read(
    _partition: string,
    from: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceRecord[], void, void> {
    const slot = await findSlot(this.#client, this.#config, signal);
    if (!slot && !from) return;
    let position = (from ?? { lsn: slot?.confirmed, index: 0, sequence: -1 }) as LsnPosition;
    const { end } = requireSlotAt(slot, this.#config['slot.name'], position);
    if (position.snapshot !== undefined) {
      position = yield* this.#readSnapshot(position, signal);
      yield [markOf(position)];
    }
    if (this.#config['snapshot.mode'] !== 'initial_only') yield* this.#readChanges(position, parseLsn(end), signal);
  }

  async committed(_partition: string, { position }: SettledUpTo): Promise<void> {
    const { lsn, snapshot } = (position ?? {}) as Partial<LsnPosition>;
    if (lsn === undefined || snapshot !== undefined) return;
    this.#settled = parseLsn(lsn);
    this.#acknowledge();
  }

  async close(): Promise<void> {
    const { stream } = (this.#client as unknown as { connection: { stream: { destroyed: boolean } } }).connection;
    if (stream.destroyed) return;
    await this.#stream?.close();
    if (this.#settled > this.#told) await this.#advance();
    await this.#client.end().catch(() => destroy(this.#client));
  }

  async *#readSnapshot(
    from: LsnPosition,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceRecord[], LsnPosition, void> {
    const { snapshot = '', start = '' } = from;
    const stream = await attach(this.#config, parseLsn(from.lsn), true, signal);
    let position = from;
    try {
      for (;;) {
        for (const event of await this.#next(stream)) {
          const message = event.type === 'data' ? parseMessage(event.bytes) : undefined;
          if (message?.type !== 'message' || message.prefix !== prefixOf(snapshot)) continue;
          if (message.content === SNAPSHOT_END) return { lsn: start, index: 0, sequence: position.sequence };
          const page = await this.#rowsOf(message.content, position, formatLsn(message.lsn), signal);
          if (page.length > 0) yield page;
          position = { ...from, lsn: formatLsn(message.lsn), index: 0, sequence: position.sequence + page.length };
        }
      }
    } finally {
      await stream.close();
    }
  }

  /** Records of the message behind `from`, which the log has up to `endLsn`. */
  async #rowsOf(content: string, from: LsnPosition, endLsn: string, signal: AbortSignal): Promise<SourceRecord[]> {
    const { oid, schema, table: name, columns, rows, atMs } = parsePart(content);
    const table = await this.#tables.of({ oid, schema, table: name, identity: 'd', columns }, signal);
    const origin = { lsn: parseLsn(endLsn), atMs, xid: null, isSnapshot: true };
    if (!table.isTaken) return [];
    const records = rows.slice(from.index).flatMap((row) => this.#envelopes.ofSnapshot(table, parseRow(row), origin));
    return records.map((record, at) => {
      const sequence = from.sequence + at + 1;
      const place = at === records.length - 1 ? { lsn: endLsn, index: 0 } : { index: from.index + at + 1 };
      return { ...record, sequence, position: { ...from, ...place, sequence } };
    });
  }

  async *#readChanges(
    from: LsnPosition,
    end: bigint,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceRecord[], void, void> {
    const transactions = new Transactions(this.#tables, this.#envelopes, from);
    const stream = await attach(this.#config, parseLsn(from.lsn), false, signal);
    this.#stream = stream;
    this.#acknowledge();
    try {
      for (let isAtEnd = false; !isAtEnd; ) {
        for (const event of await this.#next(stream)) {
          if (event.type === 'data') await transactions.take(parseMessage(event.bytes), event.lsn, signal);
          if (transactions.size >= PAGE_RECORDS) yield transactions.page();
          if (event.type !== 'alive') continue;
          isAtEnd = transactions.isBetween && event.end >= end;
          const mark = transactions.mark(event.end, MARK_BYTES);
          if (mark) yield [...transactions.page(), mark];
        }
        if (transactions.size > 0) yield transactions.page();
      }
    } finally {
      if (this.#stream === stream) this.#stream = undefined;
      await stream.close();
    }
  }

  async #next(stream: ReplicationStream) {
    try {
      return await stream.next();
    } catch (error) {
      throw sourceError(error, `reading replication slot ${this.#config['slot.name']}`);
    }
  }

  /** Lets the slot forget what is settled, and never more: what a run has only read or published, its successor may have to read again. */
  #acknowledge(): void {
    if (!this.#stream || this.#settled === 0n) return;
    this.#stream.acknowledge(this.#settled);
    this.#told = this.#settled;
  }

  /** The same without a stream. Left to the next run where it fails: a slot that lags keeps more than it must. */
  async #advance(): Promise<void> {
    const values = [this.#config['slot.name'], formatLsn(this.#settled)];
    const sql = 'SELECT pg_replication_slot_advance($1, $2::pg_lsn)';
    await rowsOf(this.#client, sql, AbortSignal.timeout(this.#config.operationTimeoutMs), values).catch(
      () => undefined,
    );
  }
}
