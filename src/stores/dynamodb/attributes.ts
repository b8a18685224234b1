import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { ItemKey, StoredItem } from '../../core/item-store.ts';

/** One item in DynamoDB's own form. */
export type Attributes = Record<string, AttributeValue>;

/** What a write stores. */
export interface WrittenItem {
  readonly key: ItemKey;
  readonly version: number;
  /** JSON text. */
  readonly data: string;
  readonly writeId: string;
  readonly expiresAtMs: number | undefined;
}

/** Key attributes of an item. */
export const keyAttributes = ({ pk, sk }: ItemKey): Attributes => ({ pk: { S: pk }, sk: { S: sk } });

/** All attributes of an item. `expiresAt` is in seconds, as DynamoDB's time to live takes it, rounded up. */
export const attributesOf = ({ key, version, data, writeId, expiresAtMs }: WrittenItem): Attributes => ({
  ...keyAttributes(key),
  version: { N: String(version) },
  data: { S: data },
  writeId: { S: writeId },
  ...(expiresAtMs !== undefined && { expiresAt: { N: String(Math.ceil(expiresAtMs / 1000)) } }),
});

/** The item that attributes stand for, and the id of the write that made it so. */
export const itemOf = ({ pk, sk, version, data, writeId }: Attributes): StoredItem & { readonly writeId: string } => ({
  key: { pk: pk?.S ?? '', sk: sk?.S ?? '' },
  version: Number(version?.N),
  data: JSON.parse(data?.S ?? 'null'),
  writeId: writeId?.S ?? '',
});
