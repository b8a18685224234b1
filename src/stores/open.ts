import { PulsarIoError } from '../core/errors.ts';
import type { ItemStore } from '../core/item-store.ts';
import type { SqliteOptions } from './sqlite/item-store.ts';

/** Options of {@link openItemStore}. */
export interface OpenOptions {
  /** For `sqlite:` addresses. */
  readonly sqlite?: SqliteOptions;
}

const EXAMPLES = 'right would be sqlite:/path/to/file.db or dynamodb:TableName';

/**
 * Opens the store that an address names: `sqlite:/path/file.db` (a relative path counts from the working directory; `sqlite::memory:` for tests)
 * or `dynamodb:TableName` (region, credentials and endpoint come from the environment that the AWS SDK reads).
 * Each implementation is loaded only when asked for. Throws `PIO_CONFIG_INVALID` for another address, `PIO_STORE_UNAVAILABLE`
 * when the file cannot be opened.
 */
export const openItemStore = async (url: string, { sqlite = {} }: OpenOptions = {}): Promise<ItemStore> => {
  const colon = url.indexOf(':');
  const [scheme, rest] = colon < 0 ? ['', url] : [url.slice(0, colon), url.slice(colon + 1)];
  if (scheme === 'sqlite') {
    if (rest === '' || rest.startsWith('//'))
      throw invalid('a store address "sqlite:" is followed by the path of a file');
    return (await import('./sqlite/item-store.ts')).sqliteItemStore(rest, sqlite);
  }
  if (scheme === 'dynamodb') {
    if (!/^[\w.-]{3,255}$/.test(rest))
      throw invalid(
        'a store address "dynamodb:" is followed by a table name: 3 to 255 of a-z, A-Z, 0-9, "_", "-" and "."',
      );
    return (await import('./dynamodb/item-store.ts')).dynamodbItemStore({ tableName: rest });
  }
  // The rest is not shown: an address of another system may carry a password.
  throw invalid(`no store has an address that begins with "${scheme}:"`);
};

const invalid = (problem: string): PulsarIoError => new PulsarIoError('PIO_CONFIG_INVALID', `${problem}; ${EXAMPLES}`);
