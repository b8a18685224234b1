/** Key of one item of the table: partition key and sort key, as DynamoDB names them. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** One item as read. `version` is 1 after the first write and grows by 1 with each. */
export interface StoredItem {
  readonly key: ItemKey;
  readonly version: number;
  readonly data: unknown;
}

/** Options of {@link ItemStore.put}. */
export interface PutOptions {
  /** The version the item must have now; 0: it must not exist. */
  readonly ifVersion: number;
  /** When the store may drop the item, in milliseconds since the epoch. Never set on a checkpoint. */
  readonly expiresAtMs?: number;
}

/** One page of {@link ItemStore.query}. `next` is the sort key to go on after, absent on the last page. */
export interface ItemPage {
  readonly items: readonly StoredItem[];
  readonly next?: string;
}

/**
 * A DynamoDB-style table: consistent reads, paged queries and single-item conditional writes, whose one condition
 * is the item's version. Leases, checkpoints and the registry are built on nothing else (docs/decisions/0001).
 * All methods throw `PIO_STORE_UNAVAILABLE` when the store does not answer in time or has no room.
 */
export interface ItemStore {
  /** The item as of all completed writes, or undefined. */
  get(key: ItemKey, signal?: AbortSignal): Promise<StoredItem | undefined>;
  /** The items of these keys, in their order; each as it is now or was a moment ago. For looks that decide nothing for good, at half the price of `get`. */
  getMany(keys: readonly ItemKey[], signal?: AbortSignal): Promise<readonly (StoredItem | undefined)[]>;
  /**
   * Writes `data` (JSON, at most 350 KB) and resolves with the stored item.
   * Throws {@link StoreConflictError} with the current item when the version differs. A write whose first answer was lost and
   * that is retried recognises its own success by a fresh write id (GUARANTEES rule 19).
   */
  put(key: ItemKey, data: unknown, options: PutOptions, signal?: AbortSignal): Promise<StoredItem>;
  /** Deletes the item if it has this version; an item that is gone already counts as deleted. Throws {@link StoreConflictError} otherwise. */
  delete(key: ItemKey, ifVersion: number, signal?: AbortSignal): Promise<void>;
  /** Items of one partition key in sort-key order, whose sort key starts with `prefix`, after `after`; consistent. */
  query(
    pk: string,
    options: { prefix?: string; after?: string; limit?: number },
    signal?: AbortSignal,
  ): Promise<ItemPage>;
  /** Frees connections and files. */
  close(): Promise<void>;
}
