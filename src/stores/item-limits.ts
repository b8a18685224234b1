import { PulsarIoError } from '../core/errors.ts';
import type { ItemKey } from '../core/item-store.ts';

/** Most bytes of JSON text in one item: DynamoDB's 400 KB less room for the keys and our own attributes. */
export const MAX_DATA_BYTES = 350 * 1024;
/** DynamoDB's limits of the two keys, in bytes of UTF-8. */
export const MAX_KEY_BYTES = { pk: 2048, sk: 1024 } as const;

/** How messages name an item. */
export const itemName = ({ pk, sk }: ItemKey): string => `item ${pk} ${sk}`;

/** Throws `PIO_REQUEST_INVALID` for a key that some store could not hold as it is: empty, too long, or not well-formed Unicode. */
export const checkKey = (key: ItemKey): void => {
  for (const part of ['pk', 'sk'] as const) {
    const bytes = Buffer.byteLength(key[part]);
    if (bytes === 0 || bytes > MAX_KEY_BYTES[part] || !key[part].isWellFormed())
      throw new PulsarIoError(
        'PIO_REQUEST_INVALID',
        `the ${part} of ${itemName(key).slice(0, 200)} has ${bytes} bytes; a store takes 1 to ${MAX_KEY_BYTES[part]} bytes of well-formed Unicode`,
      );
  }
};

/** JSON text of an item's data. Throws `PIO_PAYLOAD_TOO_LARGE` above {@link MAX_DATA_BYTES}, `PIO_INTERNAL` when it is not JSON. */
export const encodeData = (key: ItemKey, data: unknown): string => {
  const text = stringify(key, data);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_DATA_BYTES) return text;
  throw new PulsarIoError(
    'PIO_PAYLOAD_TOO_LARGE',
    `${itemName(key)} would have ${bytes} bytes; the store takes at most ${MAX_DATA_BYTES} bytes of JSON in one item`,
  );
};

const stringify = (key: ItemKey, data: unknown): string => {
  try {
    const text: string | undefined = JSON.stringify(data);
    if (text !== undefined) return text;
  } catch (cause) {
    throw new PulsarIoError('PIO_INTERNAL', `the data of ${itemName(key)} is not JSON`, { cause });
  }
  throw new PulsarIoError('PIO_INTERNAL', `the data of ${itemName(key)} is not JSON: it is ${typeof data}`);
};
