import type { SQLInputValue } from 'node:sqlite';
import { stringifyExact } from '../../core/exact-json.ts';

/** True for a declared type with INTEGER, NUMERIC or REAL affinity (sqlite.org/datatype3.html 3.1): it turns a bound double into an integer where that is exact. */
export const isInteger64 = (type: string): boolean => {
  const upper = type.toUpperCase();
  if (upper.includes('INT')) return true;
  if (upper === '' || /CHAR|CLOB|TEXT|BLOB/.test(upper)) return false;
  return true;
};

const bind = (value: unknown): SQLInputValue => {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'undefined':
      return null;
    default:
      return value === null || value instanceof Uint8Array ? (value as SQLInputValue) : stringifyExact(value);
  }
};

/** JSON value → what SQLite binds: booleans as 1 and 0, objects and arrays as JSON text. */
export const columnValue = {
  /** For columns that keep integers as such. */
  numeric: bind,
  /** For columns without numeric affinity: there a number would be stored as a double (`1` as `1.0`), so an integer is bound as one. */
  exact: (value: unknown): SQLInputValue => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
    return typeof value === 'boolean' ? BigInt(value) : bind(value);
  },
};
