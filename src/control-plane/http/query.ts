import { PulsarIoError } from '../../core/errors.ts';
import type { AdminRequest } from './admin-request.ts';

/** A query parameter that is `true` or `false`; false when absent. Throws `PIO_REQUEST_INVALID`. */
export const readFlag = ({ query }: AdminRequest, name: string): boolean => {
  const value = query.get(name);
  if (value === null || value === 'false') return false;
  if (value === 'true') return true;
  throw new PulsarIoError('PIO_REQUEST_INVALID', `The query parameter ${name} must be true or false`);
};

/** A query parameter that is an integer from 1 to `max`; `fallback` when absent. Throws `PIO_REQUEST_INVALID`. */
export const readCount = <T>({ query }: AdminRequest, name: string, max: number, fallback: T): number | T => {
  const value = query.get(name);
  if (value === null) return fallback;
  const count = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (count >= 1 && count <= max) return count;
  throw new PulsarIoError('PIO_REQUEST_INVALID', `The query parameter ${name} must be an integer from 1 to ${max}`);
};
