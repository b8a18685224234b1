import { PulsarIoError } from '../../core/errors.ts';
import type { AdminRequest } from './admin-request.ts';

/** Most entries of a JSON body. */
const MAX_ENTRIES = 1_000;

/** Reads a body that is a JSON object with at most 1000 entries. Throws `PIO_REQUEST_INVALID`; `example` shows what would be right. */
export const readJsonObject = ({ body }: AdminRequest, example: string): ReadonlyMap<string, unknown> => {
  const entries = Object.entries(parseObject(body, example));
  if (entries.length > 0 && entries.length <= MAX_ENTRIES) return new Map(entries);
  throw new PulsarIoError('PIO_REQUEST_INVALID', `The body must have 1 to ${MAX_ENTRIES} entries, such as ${example}`);
};

const parseObject = (body: Buffer, example: string): object => {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', `The body is not JSON; it must be an object such as ${example}`, {
      cause,
    });
  }
  throw new PulsarIoError('PIO_REQUEST_INVALID', `The body must be a JSON object such as ${example}`);
};
