/** A column of a relation as the log describes it. */
export interface LogColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Length or precision, as the type packs it; -1: none. */
  readonly modifier: number;
  readonly isKey: boolean;
}

/** A table as it was when the changes that follow were made. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** `d`: rows are identified by the primary key, `i` by an index, `f` by all columns, `n`: not at all. */
  readonly identity: string;
  readonly columns: readonly LogColumn[];
}

/** A value in PostgreSQL's text form; null; undefined: a large value that was not touched. */
export type Cell = string | null | undefined;

/** A row, in the order of its relation's columns. */
export type Row = readonly Cell[];

/** A change of a row; `old` where the log holds it: all of it, or only the key. */
export interface Change {
  readonly type: 'insert' | 'update' | 'delete';
  readonly oid: number;
  readonly old?: Row;
  readonly isOldKeyOnly?: boolean;
  readonly row?: Row;
}

/** What a message of `pgoutput` says (PostgreSQL documentation, "Logical Replication Message Formats"). */
export type LogMessage =
  | { readonly type: 'begin'; readonly lsn: bigint; readonly atMs: number; readonly xid: number }
  | { readonly type: 'commit'; readonly endLsn: bigint }
  | { readonly type: 'relation'; readonly relation: Relation }
  | { readonly type: 'truncate'; readonly oids: readonly number[] }
  | { readonly type: 'message'; readonly lsn: bigint; readonly prefix: string; readonly content: string }
  | { readonly type: 'other' }
  | Change;

/** 2000-01-01, which PostgreSQL counts from, in microseconds of the Unix epoch. */
const EPOCH_US = 946_684_800_000_000n;

class Reader {
  readonly #bytes: Buffer;
  #at = 1;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  letter(): string {
    return String.fromCharCode(this.byte());
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  uint32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  int32(): number {
    return this.uint32() | 0;
  }

  uint64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64BE(this.#at - 8);
  }

  text(length: number): string {
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  name(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const name = this.text(end - this.#at);
    this.#at += 1;
    return name;
  }

  row(): Row {
    return Array.from({ length: this.int16() }, () => {
      const kind = this.letter();
      if (kind === 'n') return null;
      return kind === 'u' ? undefined : this.text(this.uint32());
    });
  }
}

const relation = (reader: Reader): LogMessage => {
  const oid = reader.uint32();
  const schema = reader.name() || 'pg_catalog';
  const table = reader.name();
  const identity = reader.letter();
  const columns = Array.from({ length: reader.int16() }, () => {
    const isKey = (reader.byte() & 1) === 1;
    return { name: reader.name(), typeOid: reader.uint32(), modifier: reader.int32(), isKey };
  });
  return { type: 'relation', relation: { oid, schema, table, identity, columns } };
};

const update = (reader: Reader): LogMessage => {
  const oid = reader.uint32();
  const kind = reader.letter();
  if (kind === 'N') return { type: 'update', oid, row: reader.row() };
  const old = reader.row();
  reader.letter();
  return { type: 'update', oid, old, isOldKeyOnly: kind === 'K', row: reader.row() };
};

const truncate = (reader: Reader): LogMessage => {
  const count = reader.uint32();
  reader.byte();
  return { type: 'truncate', oids: Array.from({ length: count }, () => reader.uint32()) };
};

const message = (reader: Reader): LogMessage => {
  reader.byte();
  const lsn = reader.uint64();
  const prefix = reader.name();
  return { type: 'message', lsn, prefix, content: reader.text(reader.uint32()) };
};

/** Reads a message of protocol version 1. */
export const parseMessage = (bytes: Buffer): LogMessage => {
  const reader = new Reader(bytes);
  switch (String.fromCharCode(bytes[0] as number)) {
    case 'B': {
      const lsn = reader.uint64();
      const atMs = Number((reader.uint64() + EPOCH_US) / 1_000n);
      return { type: 'begin', lsn, atMs, xid: reader.uint32() };
    }
    case 'C':
      reader.byte();
      reader.uint64();
      return { type: 'commit', endLsn: reader.uint64() };
    case 'R':
      return relation(reader);
    case 'I': {
      const oid = reader.uint32();
      reader.letter();
      return { type: 'insert', oid, row: reader.row() };
    }
    case 'U':
      return update(reader);
    case 'D': {
      const oid = reader.uint32();
      const isOldKeyOnly = reader.letter() === 'K';
      return { type: 'delete', oid, old: reader.row(), isOldKeyOnly };
    }
    case 'T':
      return truncate(reader);
    case 'M':
      return message(reader);
    default:
      return { type: 'other' };
  }
};
