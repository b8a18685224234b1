/**
 * Readers of JSON values that take what Pulsar's Jackson takes (PULSAR-ADMIN-CONTRACT 2.1): text that holds a number or a boolean, a fraction
 * where a whole number is due (cut off), a number where text is due. They throw {@link Unreadable}; null never reaches them.
 */
export interface Reader<T> {
  (value: unknown): T | undefined;
  /** JSON Schema of what should be sent: of the forms that are taken the plain one. */
  readonly schema: JsonSchema;
}

/** A JSON Schema (draft 2020-12) as a plain object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const reader = <T>(schema: JsonSchema, read: (value: unknown) => T | undefined): Reader<T> =>
  Object.assign((value: unknown) => read(value), { schema });

/** A value has the wrong shape: the field and what would be right. */
export class Unreadable extends Error {
  readonly problem: string;
  readonly path: readonly string[];

  constructor(problem: string, path: readonly string[] = []) {
    super(`${path.join('.')} ${problem}`);
    this.problem = problem;
    this.path = path;
  }
}

/** Text. */
export const text: Reader<string> = reader({ type: 'string' }, (value) => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unreadable('must be text');
});

/** A number, fractions included. */
export const decimal: Reader<number> = reader({ type: 'number' }, (value) => {
  if (value === '') return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new Unreadable('must be a number');
});

/** A whole number; fractions are cut off. */
export const integer: Reader<number> = reader({ type: 'integer' }, (value) => {
  const number = decimal(value);
  if (number === undefined) return undefined;
  const whole = Math.trunc(number);
  if (Number.isSafeInteger(whole)) return whole;
  throw new Unreadable('must be a whole number');
});

/** true or false. */
export const flag: Reader<boolean> = reader({ type: 'boolean' }, (value) => {
  if (value === '') return undefined;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'True' || value === 'TRUE') return true;
  if (value === 'false' || value === 'False' || value === 'FALSE') return false;
  throw new Unreadable('must be true or false');
});

/** One of these words, spelt exactly so: a misspelt one is refused, not silently replaced (DESIGN 10, difference 4). */
export const oneOf = <const T extends string>(...words: readonly T[]): Reader<T> =>
  reader({ type: 'string', enum: words }, (value) => {
    if (value === '') return undefined;
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    throw new Unreadable(`must be one of ${words.join(', ')}`);
  });

/** An object, its values as they are. */
export const object: Reader<Readonly<Record<string, unknown>>> = reader({ type: 'object' }, (value) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Unreadable('must be an object');
});

/** A list of texts; nulls are left out. */
export const textList: Reader<readonly string[]> = reader({ type: 'array', items: text.schema }, (value) => {
  if (!Array.isArray(value)) throw new Unreadable('must be a list of texts');
  return value.flatMap((each) => (each === null ? [] : [text(each) ?? '']));
});

/** An object whose values are read by `reader`; null values are left out. */
export const mapOf = <T>(values: Reader<T>): Reader<Readonly<Record<string, T>>> =>
  reader({ type: 'object', additionalProperties: values.schema }, (value) => {
    const entries = Object.entries(object(value) ?? {}).flatMap(([key, each]) => {
      const read = each === null ? undefined : within(key, () => values(each));
      return read === undefined ? [] : [[key, read] as const];
    });
    return Object.fromEntries(entries);
  });

/** A table of readers by field name. */
export type Fields = Readonly<Record<string, Reader<unknown>>>;

/** What a table of readers reads: every field may be absent. */
export type Read<F extends Fields> = { readonly [K in keyof F]?: Exclude<ReturnType<F[K]>, undefined> };

/** An object of these fields; others are ignored as Pulsar does, null is absent. */
export const record = <F extends Fields>(fields: F): Reader<Read<F>> =>
  reader({ type: 'object', properties: schemasOf(fields) }, (value) => {
    const given = object(value) ?? {};
    const entries = Object.entries(fields).flatMap(([name, read]) => {
      const each = Object.hasOwn(given, name) ? given[name] : undefined;
      const found = each === undefined || each === null ? undefined : within(name, () => read(each));
      return found === undefined ? [] : [[name, found] as const];
    });
    return Object.fromEntries(entries) as Read<F>;
  });

const schemasOf = (fields: Fields): JsonSchema =>
  Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema]));

const within = <T>(name: string, read: () => T): T => {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof Unreadable ? new Unreadable(cause.problem, [name.slice(0, 100), ...cause.path]) : cause;
  }
};
