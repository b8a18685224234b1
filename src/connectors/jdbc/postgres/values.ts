import { stringifyExact } from '../../../core/exact-json.ts';

/** How the values of a column are written. */
export type Form = 'plain' | 'json' | 'array';

/** An element of an array in PostgreSQL's text form (documentation, "Array Input and Output Syntax"). */
const quoted = (text: string): string => `"${/["\\]/.test(text) ? text.replaceAll(/["\\]/g, '\\$&') : text}"`;

const plain = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value instanceof Uint8Array) return `"\\\\x${Buffer.from(value).toString('hex')}"`;
      if (value instanceof Date) return quoted(value.toISOString());
      return quoted(stringifyExact(value));
  }
};

const isNull = (value: unknown): boolean => value === null || value === undefined;

/** An array value of a row: nested arrays are its further dimensions. */
const arrayText = (values: readonly unknown[]): string =>
  `{${values.map((it) => (isNull(it) ? 'NULL' : Array.isArray(it) ? arrayText(it) : plain(it))).join(',')}}`;

/**
 * One value as an element of the array that is bound for its column: JSON as its exact text in `json` columns, elements in `array` columns, bytes as `bytea`
 * takes them, any other object as JSON text.
 */
export const element = (value: unknown, form: Form): string => {
  if (isNull(value)) return 'NULL';
  if (form === 'json') return quoted(stringifyExact(value));
  if (form === 'array' && Array.isArray(value)) return quoted(arrayText(value));
  return plain(value);
};
