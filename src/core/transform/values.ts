import { jsonText } from '../schema/json-text.ts';

/** A value as text: itself, or its JSON; null as the empty text. */
export const asText = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return typeof value === 'object' ? jsonText(value) : String(value);
};

/** Epoch milliseconds of a number, a date or an ISO 8601 text. Throws `TypeError` for anything else. */
export const asTimestamp = (value: unknown): number => {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  const text = asText(value);
  const ms = /^-?\d+$/.test(text)
    ? Number(text)
    : Date.parse(/[Zz]|[+-]\d\d:?\d\d$|^\d{4}-\d\d-\d\d$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(ms)) throw new TypeError('a time is needed: milliseconds, or an ISO 8601 text');
  return ms;
};

const integerOf = (value: unknown, bits: 32 | 64): number | bigint => {
  const text = value instanceof Date ? String(value.getTime()) : asText(value).trim();
  if (!/^-?\d+(\.0*)?$/.test(text)) throw new TypeError(`INT${bits} is needed, and the value is none`);
  const integer = BigInt(text.replace(/\..*$/, ''));
  if (BigInt.asIntN(bits, integer) !== integer) throw new TypeError(`the value is too large for INT${bits}`);
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
};

const doubleOf = (value: unknown): number => {
  const text = asText(value).trim();
  const number = value instanceof Date ? value.getTime() : Number(text);
  if (text === '' || Number.isNaN(number)) throw new TypeError('a number is needed, and the value is none');
  return number;
};

const booleanOf = (value: unknown): boolean => {
  const text = asText(value).toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new TypeError('true or false is needed, and the value is neither');
};

/** Conversions by name of the type; null stays null. They throw `TypeError`, never with the value. */
const CONVERSIONS: Readonly<Record<string, (value: unknown) => unknown>> = {
  STRING: asText,
  INT32: (value) => integerOf(value, 32),
  INT64: (value) => integerOf(value, 64),
  FLOAT: (value) => Math.fround(doubleOf(value)),
  DOUBLE: doubleOf,
  BOOLEAN: booleanOf,
  DATE: (value) => new Date(asTimestamp(value)).toISOString().slice(0, 10),
  TIME: (value) => new Date(asTimestamp(value)).toISOString().slice(11, 23),
  DATETIME: (value) => new Date(asTimestamp(value)).toISOString(),
  TIMESTAMP: asTimestamp,
};

/** Names of the types that a value can be cast to. */
export const CAST_TYPES = Object.keys(CONVERSIONS);

/** Converts a value. `type` is one of {@link CAST_TYPES}. */
export const castTo = (type: string, value: unknown): unknown =>
  value === null || value === undefined ? null : CONVERSIONS[type]?.(value);
