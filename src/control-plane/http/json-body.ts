import { PulsarIoError } from '../../core/errors.ts';
import type { AdminRequest } from './admin-request.ts';
import { parseJson } from './json-text.ts';
import { utf8Text } from './utf8.ts';

/** Most entries of a JSON body. */
const MAX_ENTRIES = 1_000;

/** What curl sends by itself with `-d`, as the documents have it, is taken for JSON, too. */
const TAKEN = /^application\/(json|x-www-form-urlencoded)\s*(;|$)/i;

/**
 * Reads a body that is a JSON object with at most 1000 entries. Throws `PIO_REQUEST_INVALID` and `PIO_UNSUPPORTED_MEDIA_TYPE`; `example` shows what would be right.
 */
export const readJsonObject = ({ body, contentType }: AdminRequest, example: string): ReadonlyMap<string, unknown> => {
  if (contentType !== undefined && !TAKEN.test(contentType)) {
    throw new PulsarIoError('PIO_UNSUPPORTED_MEDIA_TYPE', `The body must be application/json, such as ${example}`);
  }
  const value = parseJson('The body', utf8Text('The body', body));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', `The body must be a JSON object such as ${example}`);
  }
  const entries = Object.entries(value);
  if (entries.length > 0 && entries.length <= MAX_ENTRIES) return new Map(entries);
  throw new PulsarIoError('PIO_REQUEST_INVALID', `The body must have 1 to ${MAX_ENTRIES} entries, such as ${example}`);
};
