import type { ItemStore, StoredItem } from '../core/item-store.ts';

/** All items of a partition key whose sort key starts with `prefix`, page by page; pages may be empty. */
export async function* itemPages(
  items: ItemStore,
  pk: string,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly StoredItem[]> {
  let after: string | undefined;
  do {
    const page = await items.query(pk, { prefix, ...(after !== undefined && { after }) }, signal);
    yield page.items;
    after = page.next;
  } while (after !== undefined);
}
