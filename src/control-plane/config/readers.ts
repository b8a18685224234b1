/**
 * Readers of JSON values that take what Pulsar's Jackson takes (PULSAR-ADMIN-CONTRACT 2.1): text that holds a number or a boolean, a fraction
 * where a whole number is due (cut off), a number where text is due. They throw {@link Unreadable}; null never reaches them.
 */
export type Reader<T> = (value: unknown) => T | undefined;

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
export const text: Reader<string> = (value) => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unreadable('must be text');
};

/** A number, fractions included. */
export const decimal: Reader<number> = (value) => {
  if (value === '') return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new Unreadable('must be a number');
};

/** A whole number; fractions are cut off. */
export const integer: Reader<number> = (value) => {
  const number = decimal(value);
  if (number === undefined) return undefined;
  const whole = Math.trunc(number);
  if (Number.isSafeInteger(whole)) return whole;
  throw new Unreadable('must be a whole number');
};

/** true or false. */
export const flag: Reader<boolean> = (value) => {
  if (value === '') return undefined;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'True' || value === 'TRUE') return true;
  if (value === 'false' || value === 'False' || value === 'FALSE') return false;
  throw new Unreadable('must be true or false');
};

/** One of these words, spelt exactly so: a misspelt one is refused, not silently replaced (DESIGN 10, difference 4). */
export const oneOf =
  <const T extends string>(...words: readonly T[]): Reader<T> =>
  (value) => {
    if (value === '') return undefined;
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    throw new Unreadable(`must be one of ${words.join(', ')}`);
  };

/** An object, its values as they are. */
export const object: Reader<Readonly<Record<string, unknown>>> = (value) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Unreadable('must be an object');
};

/** A list of texts; nulls are left out. */
export const textList: Reader<readonly string[]> = (value) => {
  if (!Array.isArray(value)) throw new Unreadable('must be a list of texts');
  return value.flatMap((each) => (each === null ? [] : [text(each) ?? '']));
};

/** An object whose values are read by `reader`; null values are left out. */
export const mapOf =
  <T>(reader: Reader<T>): Reader<Readonly<Record<string, T>>> =>
  (value) => {
    const entries = Object.entries(object(value) ?? {}).flatMap(([key, each]) => {
      const read = each === null ? undefined : within(key, () => reader(each));
      return read === undefined ? [] : [[key, read] as const];
    });
    return Object.fromEntries(entries);
  };

/** A table of readers by field name. */
export type Fields = Readonly<Record<string, Reader<unknown>>>;

/** What a table of readers reads: every field may be absent. */
export type Read<F extends Fields> = { readonly [K in keyof F]?: Exclude<ReturnType<F[K]>, undefined> };

/** An object of these fields; others are ignored as Pulsar does, null is absent. */
export const record =
  <F extends Fields>(fields: F): Reader<Read<F>> =>
  (value) => {
    const given = object(value) ?? {};
    const entries = Object.entries(fields).flatMap(([name, reader]) => {
      const each = Object.hasOwn(given, name) ? given[name] : undefined;
      const read = each === undefined || each === null ? undefined : within(name, () => reader(each));
      return read === undefined ? [] : [[name, read] as const];
    });
    return Object.fromEntries(entries) as Read<F>;
  };

const within = <T>(name: string, read: () => T): T => {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof Unreadable ? new Unreadable(cause.problem, [name.slice(0, 100), ...cause.path]) : cause;
  }
};
