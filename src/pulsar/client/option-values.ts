// npm `pulsar-client` ignores an option of a wrong type or out of range and keeps the default (PULSAR-WIRE 8.1); so do these.

/** A text; undefined for an empty one, or anything else. */
export function textOption(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Bytes: a Buffer, or another view of memory, which npm `pulsar-client` takes for one. */
export function bytesOption(value: unknown): Buffer | undefined {
  if (Buffer.isBuffer(value)) return value;
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

/** `true` or `false`; numbers and texts are not taken for one. */
export function flagOption(value: unknown, fallback: boolean): boolean {
  return typeof value === 'boolean' ? value : fallback;
}

const MAX_INT32 = 2 ** 31 - 1;

/** A whole number of at least `least`, cut off behind the point and at 2^31 - 1, beyond which timers do not work. */
export function numberOption(value: unknown, least: number, fallback: number): number {
  return typeof value === 'number' && value >= least ? Math.min(Math.trunc(value), MAX_INT32) : fallback;
}

/** Seconds, which may be fractions of one, as milliseconds. */
export function secondsOption(value: unknown, fallback: number): number {
  const seconds = typeof value === 'number' && value > 0 ? value : fallback;
  return Math.min(seconds * 1000, MAX_INT32);
}

/** A whole number from 0 to 2^53 - 1, cut off behind the point; undefined for anything else. */
export function wholeOption(value: unknown): number | undefined {
  const whole = typeof value === 'number' ? Math.trunc(value) : -1;
  return whole >= 0 && whole <= Number.MAX_SAFE_INTEGER ? whole : undefined;
}

/** The entry of `table` that `value` names. */
export function choiceOption<T>(value: unknown, table: Readonly<Record<string, T>>, fallback: NoInfer<T>): T {
  return typeof value === 'string' && Object.hasOwn(table, value) ? (table[value] as T) : fallback;
}

/** String properties; other values become text. */
export function propertiesOption(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]));
}
