import type { AnyBulkWriteOperation, Collection, Document, Filter } from 'mongodb';
import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import { recordId } from '../record-id.ts';
import type { MongoWrite } from './document.ts';
import { DUPLICATE_KEY, documentError, mongoError } from './errors.ts';

/** Where writes go, and how errors name it. */
export interface Place {
  readonly collection: Collection;
  readonly name: string;
}

/** A record of a batch with its write. */
export interface Item {
  readonly at: number;
  readonly record: SinkRecord;
  readonly write: MongoWrite;
  readonly place: Place;
}

/** What became of an item; undefined: it is written, or a newer version is there. */
export type Outcome = PulsarIoError | undefined;

const doingOf = ({ record, place }: Item): string => `writing ${recordId(record)} to ${place.name}`;

interface WriteFailure {
  readonly index: number;
  readonly code: unknown;
}

/** Failed operations by their place. Throws what is not said of single ones; also of acknowledgements that did not come, as those writes may be rolled back. */
const send = async (
  { collection, name }: Place,
  operations: AnyBulkWriteOperation[],
): Promise<ReadonlyMap<number, unknown>> => {
  const doing = `writing to ${name}`;
  try {
    await collection.bulkWrite(operations, { ordered: false });
    return new Map();
  } catch (error) {
    const { writeErrors, result } = error as {
      writeErrors?: WriteFailure | readonly WriteFailure[];
      result?: { getWriteConcernError?(): { code?: unknown } | undefined };
    };
    const concern = result?.getWriteConcernError?.();
    if (concern) throw new PulsarIoError('PIO_SINK_UNAVAILABLE', `${doing}: not acknowledged (error ${concern.code})`);
    const failures = writeErrors === undefined ? [] : [writeErrors].flat();
    if (failures.length === 0) throw mongoError(error, doing);
    return new Map(failures.map(({ index, code }) => [index, code]));
  }
};

const operationOf = ({ write: { id, document, isDerived } }: Item): AnyBulkWriteOperation => {
  const filter = { _id: id } as Filter<Document>;
  if (!document) return { deleteOne: { filter } };
  return isDerived ? { insertOne: { document } } : { replaceOne: { filter, replacement: document, upsert: true } };
};

/** Writes without versions, at most one for each `_id`. */
export const writePlain = async (items: readonly Item[], place: Place): Promise<readonly Outcome[]> => {
  const failed = await send(place, items.map(operationOf));
  return items.map((item, nth) => {
    const code = failed.get(nth);
    // Only this record has that id: it was written before.
    const isRepeat = code === DUPLICATE_KEY && item.write.isDerived;
    return code === undefined || isRepeat ? undefined : documentError(code, doingOf(item));
  });
};

/** Writes each item if no newer version is there. The condition is in the filter, so where one is there the server tries to insert, and finds a duplicate. */
export const writeVersioned = async (
  items: readonly Item[],
  place: Place,
  versionField: string,
): Promise<readonly Outcome[]> => {
  const replace = ({ write: { id, document = {} } }: Item, upsert: boolean): AnyBulkWriteOperation => {
    const filter = { _id: id, [versionField]: { $not: { $gte: document[versionField] } } } as Filter<Document>;
    return { replaceOne: { filter, replacement: document, upsert } };
  };
  const failed = await send(
    place,
    items.map((item) => replace(item, true)),
  );
  const duplicates = items.filter((_, nth) => failed.get(nth) === DUPLICATE_KEY);
  const lost = await settleDuplicates(duplicates, place, versionField, replace);
  return items.map((item, nth) => {
    const code = failed.get(nth);
    const isSettled = code === undefined || (code === DUPLICATE_KEY && !lost.has(item));
    return isSettled ? undefined : documentError(lost.get(item) ?? code, doingOf(item));
  });
};

/**
 * A duplicate is one of three: a newer version is there; another writer was inserting the same document, and then this one is to replace it; or another unique index has the
 * value. What is stored in the end tells. Answers with those that are not there, and why.
 */
const settleDuplicates = async (
  items: readonly Item[],
  place: Place,
  versionField: string,
  replace: (item: Item, upsert: boolean) => AnyBulkWriteOperation,
): Promise<ReadonlyMap<Item, unknown>> => {
  if (items.length === 0) return new Map();
  const failed = await send(
    place,
    items.map((item) => replace(item, false)),
  );
  const stored = await Promise.all(items.map((item) => isStored(item, place, versionField)));
  return new Map(
    items.flatMap((item, nth) => (stored[nth] ? [] : [[item, failed.get(nth) ?? DUPLICATE_KEY] as const])),
  );
};

const isStored = async (
  { write: { id, document = {} } }: Item,
  { collection, name }: Place,
  versionField: string,
): Promise<boolean> => {
  const filter = { _id: id, [versionField]: { $gte: document[versionField] } } as Filter<Document>;
  try {
    return (await collection.countDocuments(filter, { limit: 1 })) > 0;
  } catch (error) {
    throw mongoError(error, `looking into ${name}`);
  }
};
