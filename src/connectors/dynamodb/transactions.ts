import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { SinkRecord } from '../../core/record.ts';
import type { Item, KeyAttribute } from './items.ts';

/** Most items of one transaction, and most bytes of payload that are put into one of 4 MB: an item is larger than its payload. */
const MAX_ITEMS = 100;
const MAX_BYTES = 2 * 1024 * 1024;

/** A table, and what its items are told apart by. */
export interface KeyedTable {
  readonly table: string;
  readonly keys: readonly KeyAttribute[];
}

/** A record on its way into a transaction. */
export interface Write {
  readonly record: SinkRecord;
  readonly place: KeyedTable;
  /** Place in the batch. */
  readonly index: number;
  readonly item: Item;
}

/** Writes that fit one transaction each, in their order: a transaction takes an item once (GUARANTEES rule 32). */
export function* transactionsOf(writes: readonly Write[]): Generator<readonly Write[]> {
  let chunk: Write[] = [];
  let ids = new Set<string>();
  let bytes = 0;
  for (const write of writes) {
    const { table, keys } = write.place;
    const id = [table, ...keys.map(({ name }) => textOf(write.item[name]))].join('|');
    const size = write.record.bytes?.length ?? 0;
    if (chunk.length > 0 && (chunk.length === MAX_ITEMS || ids.has(id) || bytes + size > MAX_BYTES)) {
      yield chunk;
      [chunk, ids, bytes] = [[], new Set(), 0];
    }
    chunk.push(write);
    ids.add(id);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

const textOf = (value: AttributeValue | undefined): string =>
  JSON.stringify(value?.B ? Buffer.from(value.B).toString('base64') : value);
