import { PulsarIoError } from '../core/errors.ts';

/** Longest name in a path, in bytes of UTF-8: keys of the store are made of tenant, namespace and name. */
export const MAX_NAME_BYTES = 320;

/**
 * Checks a name from a path. Pulsar takes nearly anything; we refuse what would be another path (`/`, `.`, `..`), what is read
 * differently by different gateways (`%`), what cannot be printed, and what is too long. Throws `PIO_REQUEST_INVALID`.
 */
export const checkPathName = (parameter: string, value: string): void => {
  const why = problemOf(value);
  if (why) throw new PulsarIoError('PIO_REQUEST_INVALID', `The ${parameter} in the path ${why}`);
};

const problemOf = (value: string): string | undefined => {
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_NAME_BYTES) return `has ${bytes} bytes; at most ${MAX_NAME_BYTES} are taken`;
  if (/[/\\%]/.test(value)) return 'must not contain a slash, a backslash or a percent sign';
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value)) return 'must not contain control characters';
  if (value === '.' || value === '..' || value.trim() === '') return `must be a name, not ${JSON.stringify(value)}`;
  return undefined;
};
