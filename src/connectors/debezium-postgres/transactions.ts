import { PulsarIoError } from '../../core/errors.ts';
import type { SourceRecord } from '../../core/record.ts';
import type { ChangeRecord, Envelopes, Origin } from './envelope.ts';
import type { Change, LogMessage } from './pgoutput.ts';
import { formatLsn, type LsnPosition, parseLsn } from './position.ts';
import type { Table, Tables } from './tables.ts';

/** A record that only says that all up to a position was read. */
export const markOf = (position: LsnPosition): SourceRecord => ({
  value: null,
  sequence: position.sequence,
  position,
  isMark: true,
});

interface Transaction {
  /** Where it was committed, as positions have it. */
  readonly lsn: string;
  readonly atMs: number;
  readonly xid: number;
  /** Changes so far. */
  index: number;
}

/**
 * Turns the messages of a slot into records with their positions. The server sends whole transactions in the order of their commits; of the one that the position lies in, what
 * was read before is passed over. Positions and sequences follow from the log alone.
 */
export class Transactions {
  readonly #tables: Tables;
  readonly #envelopes: Envelopes;
  readonly #byOid = new Map<number, Table>();
  #from: LsnPosition;
  #sequence: number;
  #current: Transaction | undefined;
  /** The last record: its position is another one where its transaction ends with it. */
  #last: SourceRecord | undefined;
  #page: SourceRecord[] = [];

  constructor(tables: Tables, envelopes: Envelopes, from: LsnPosition) {
    this.#tables = tables;
    this.#envelopes = envelopes;
    this.#from = from;
    this.#sequence = from.sequence;
  }

  /** True between two transactions, when nothing is held back. */
  get isBetween(): boolean {
    return this.#current === undefined;
  }

  /** Takes a message that the log has at `lsn`. */
  async take(message: LogMessage, lsn: bigint, signal: AbortSignal): Promise<void> {
    switch (message.type) {
      case 'begin':
        this.#current = { lsn: formatLsn(message.lsn), atMs: message.atMs, xid: message.xid, index: 0 };
        return;
      case 'commit':
        return this.#commit(message.endLsn);
      case 'relation':
        this.#byOid.set(message.relation.oid, await this.#tables.of(message.relation, signal));
        return;
      case 'insert':
      case 'update':
      case 'delete':
        return this.#change(lsn, (origin) => this.#recordsOf(message, origin));
      case 'truncate':
        return this.#change(lsn, (origin) =>
          message.oids.flatMap((oid) => {
            const table = this.#tableOf(oid);
            return table.isTaken ? this.#envelopes.ofTruncate(table, origin) : [];
          }),
        );
      default:
    }
  }

  /** The records so far, but for one whose position is not known yet. */
  page(): SourceRecord[] {
    const page = this.#page;
    this.#page = [];
    return page;
  }

  /** How many records {@link page} would give. */
  get size(): number {
    return this.#page.length;
  }

  /** A record that only says that all before `lsn` was read; undefined where the last record says as much. */
  mark(lsn: bigint, minBytes: bigint): SourceRecord | undefined {
    if (!this.isBetween || lsn - parseLsn(this.#from.lsn) < minBytes) return undefined;
    this.#from = { lsn: formatLsn(lsn), index: 0, sequence: this.#sequence };
    return markOf(this.#from);
  }

  #recordsOf(change: Change, origin: Origin): ChangeRecord[] {
    const table = this.#tableOf(change.oid);
    return table.isTaken ? this.#envelopes.of(table, change, origin) : [];
  }

  #tableOf(oid: number): Table {
    const table = this.#byOid.get(oid);
    if (table) return table;
    throw new PulsarIoError('PIO_INTERNAL', `the log changes relation ${oid} without describing it`);
  }

  #change(lsn: bigint, recordsOf: (origin: Origin) => ChangeRecord[]): void {
    const { lsn: commitLsn, atMs, xid, index } = this.#transaction();
    this.#transaction().index += 1;
    const isResumed = commitLsn === this.#from.lsn;
    if (isResumed && index < this.#from.index) return;
    const records = recordsOf({ lsn, atMs, xid });
    const done = isResumed && index === this.#from.index ? (this.#from.part ?? 0) : 0;
    for (let part = done; part < records.length; part++) {
      this.#flush();
      this.#sequence += 1;
      const isWhole = part === records.length - 1;
      const place = isWhole ? { index: index + 1 } : { index, part: part + 1 };
      const position: LsnPosition = { lsn: commitLsn, ...place, sequence: this.#sequence };
      this.#last = { ...(records[part] as ChangeRecord), sequence: this.#sequence, position };
    }
  }

  #commit(endLsn: bigint): void {
    this.#current = undefined;
    if (!this.#last) return;
    const { sequence } = this.#last;
    this.#from = { lsn: formatLsn(endLsn), index: 0, sequence };
    this.#last = { ...this.#last, position: this.#from };
    this.#flush();
  }

  #flush(): void {
    if (this.#last) this.#page.push(this.#last);
    this.#last = undefined;
  }

  #transaction(): Transaction {
    if (this.#current) return this.#current;
    throw new PulsarIoError('PIO_INTERNAL', 'the log has a change outside a transaction');
  }
}
