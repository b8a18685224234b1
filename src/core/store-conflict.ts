import { PulsarIoError } from './errors.ts';
import type { ItemKey, StoredItem } from './item-store.ts';

/** A conditional write found another version; `current` is what is stored now, undefined when nothing is. */
export class StoreConflictError extends PulsarIoError {
  readonly current: StoredItem | undefined;

  constructor(key: ItemKey, ifVersion: number, current: StoredItem | undefined) {
    const found = current ? `version ${current.version}` : 'no item';
    super('PIO_STORE_CONFLICT', `item ${key.pk} ${key.sk} was expected at version ${ifVersion}, found ${found}`);
    this.current = current;
  }
}
