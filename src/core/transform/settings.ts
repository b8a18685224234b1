import type { Transform } from './transform.ts';

/** The fields of a structured value. */
export type Fields = Readonly<Record<string, unknown>>;

/** True for what has fields: not for lists, bytes and dates. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Date);

/** A setting that must be text. Throws `TypeError`. */
export const textSetting = (value: unknown, name: string): string => {
  if (typeof value === 'string') return value;
  throw new TypeError(`${name} must be a text`);
};

/** The names of a comma-separated list. Throws `TypeError` when there is none. */
export const fieldList = (value: unknown, name: string): string[] => {
  const names = textSetting(value, name)
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (names.length === 0) throw new TypeError(`${name} must name fields, separated by commas`);
  return names;
};

/** The pairs of a list like `a:b,c:d`. Throws `TypeError` with what a pair looks like. */
export const pairs = (value: unknown, name: string, form: string): Map<string, string> =>
  new Map(
    fieldList(value, name).map((pair) => {
      const [from = '', to = '', ...rest] = pair.split(':').map((part) => part.trim());
      if (from === '' || to === '' || rest.length > 0)
        throw new TypeError(`${name} must be pairs ${form}, separated by commas`);
      return [from, to];
    }),
  );

/** The part of a KeyValue that a step is about; undefined: both. Throws `TypeError`. */
export const partOf = (value: unknown): 'key' | 'value' | undefined => {
  if (value === undefined || value === null || value === 'key' || value === 'value') return value ?? undefined;
  throw new TypeError('part must be key or value');
};

/** Throws `TypeError` for a setting that nothing reads. */
export const refuseOthers = (others: Readonly<Record<string, unknown>>, known: string): void => {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new TypeError(`${unknown} is not known; known are ${known}`);
};

/** A step that changes the value, and the key of a KeyValue; a tombstone stays one. */
export const changePart =
  (part: 'key' | 'value' | undefined, change: (of: unknown) => unknown): Transform =>
  (record) => ({
    ...record,
    ...(part !== 'key' && record.value !== null && { value: change(record.value) }),
    ...(part !== 'value' && record.key !== undefined && { key: change(record.key) }),
  });
