import { createHash } from 'node:crypto';
import type { Document } from 'mongodb';
import { PulsarIoError } from '../../core/errors.ts';
import { parseWithBigInts } from '../../core/exact-json.ts';
import type { SinkRecord } from '../../core/record.ts';
import { recordId } from '../record-id.ts';
import type { MongoConfig } from './config.ts';
import type { Driver } from './connect.ts';

/** What a record becomes: a document with its `_id`, or the deletion of one. */
export interface MongoWrite {
  readonly id: unknown;
  /** Absent: of a deletion. */
  readonly document?: Document;
  /** The `_id` was made of the message's own id: whoever has it was written by this record. */
  readonly isDerived: boolean;
}

/** Turns a record into its write. Throws `PIO_SINK_REJECTED` or `PIO_RECORD_TOO_LARGE`. */
export type ToWrite = (record: SinkRecord) => MongoWrite;

const MAX_BYTES = 16 * 1024 * 1024;
const LONG_INTEGER = /\d{16}/;

const rejected = (what: string): PulsarIoError => new PulsarIoError('PIO_SINK_REJECTED', what);

/** Integers that a double cannot hold, as extended JSON has them. */
const withLongs = (text: string): string =>
  LONG_INTEGER.test(text)
    ? JSON.stringify(parseWithBigInts(text), (_, it) => {
        if (typeof it !== 'bigint') return it;
        if (BigInt.asIntN(64, it) !== it) throw new RangeError();
        return { $numberLong: String(it) };
      })
    : text;

/** Writes of this config. `isVersioned`: documents have a version, and deletions leave one. */
export const writes = ({ BSON, ObjectId }: Driver, config: MongoConfig, isVersioned: boolean): ToWrite => {
  const { keyAsId, versionField, deletedField } = config;
  const parse = (text: string): Document => {
    let value: unknown;
    try {
      value = BSON.EJSON.parse(withLongs(text), { relaxed: false });
    } catch {
      throw rejected('the message is no JSON that MongoDB has values for'); // no cause: its message quotes the payload
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value) || '_bsontype' in value)
      throw rejected('the message is no JSON object, which a document has to be');
    return value as Document;
  };
  const derived = (record: SinkRecord) =>
    new ObjectId(createHash('sha256').update(recordId(record)).digest().subarray(0, 12));
  const idOf = (record: SinkRecord, fields: Document): Pick<MongoWrite, 'id' | 'isDerived'> => {
    if (Object.hasOwn(fields, '_id')) return { id: fields._id, isDerived: false };
    if (!keyAsId) return { id: derived(record), isDerived: true };
    if (record.key === undefined) throw rejected('the message has neither a key nor an _id');
    return { id: record.key, isDerived: false };
  };
  const checked = (fields: Document): Document => {
    const reserved = isVersioned ? [versionField, deletedField].find((it) => Object.hasOwn(fields, it)) : undefined;
    if (reserved !== undefined) throw rejected(`the message has a field ${reserved}, which is kept for the sink`);
    if (Object.keys(fields).some((name) => name.startsWith('$')))
      throw rejected('the message has a field that begins with $');
    return fields;
  };
  return (record) => {
    const { value, key, version, publishTimeMs } = record;
    const versioned = isVersioned ? { [versionField]: BSON.Long.fromNumber(version) } : {};
    if (value === null) {
      if (key === undefined) throw rejected('the message has neither payload nor key: no document is named');
      const left = { _id: key, ...versioned, [deletedField]: new Date(publishTimeMs) };
      return { id: key, isDerived: false, ...(isVersioned && { document: left as Document }) };
    }
    const fields = checked(parse(value as string));
    const { id, isDerived } = idOf(record, fields);
    const { _id: _, ...rest } = fields;
    const document = { _id: id, ...rest, ...versioned } as Document;
    if (BSON.calculateObjectSize(document) > MAX_BYTES)
      throw new PulsarIoError('PIO_RECORD_TOO_LARGE', 'the document has more than 16 MiB');
    return { id, isDerived, document };
  };
};
