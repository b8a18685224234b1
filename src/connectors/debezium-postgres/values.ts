import type { DebeziumPostgresConfig } from './config.ts';
import { parseArray } from './literals.ts';
import {
  dateDays,
  intervalIso,
  intervalMicros,
  timeMicros,
  timestampMicros,
  zonedTime,
  zonedTimestamp,
} from './times.ts';

/** What is known of a column's type beyond its number. */
export interface PgType {
  /** Number of the type that a domain stands for, else its own. */
  readonly oid: number;
  readonly modifier: number;
  /** Number of the elements' type, of an array. */
  readonly element?: PgType;
}

type Convert = (text: string, type: PgType, config: DebeziumPostgresConfig) => unknown;

const integer: Convert = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
};

/** A number where it has all digits. */
export const whole = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

const float: Convert = (text) => {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
};

/** Two's complement, as few bytes as hold it: Java's `BigInteger.toByteArray`. */
export const unscaledBytes = (value: bigint): Buffer => {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  );
};

const base64 = (bytes: Buffer): string => bytes.toString('base64');

const unscaled = (text: string, scale: number): string => {
  const [whole = '', fraction = ''] = text.split('.');
  return base64(unscaledBytes(BigInt(whole + fraction.padEnd(scale, '0'))));
};

const decimal = (text: string, scale: number | undefined, mode: DebeziumPostgresConfig['decimal.handling.mode']) => {
  if (mode === 'string') return text;
  if (mode === 'double') return Number.isFinite(Number(text)) ? Number(text) : text;
  if (!/^[-\d.]+$/.test(text)) return null; // NaN and infinities have no unscaled value
  if (scale !== undefined) return unscaled(text, scale);
  const own = text.split('.')[1]?.length ?? 0;
  return { scale: own, value: unscaled(text, own) };
};

const numeric: Convert = (text, { modifier }, config) =>
  decimal(text, modifier < 0 ? undefined : (modifier - 4) & 0xffff, config['decimal.handling.mode']);

const money: Convert = (text, _, config) =>
  decimal(`${/[-(]/.test(text) ? '-' : ''}${text.replaceAll(/[^\d.]/g, '')}`, 2, config['decimal.handling.mode']);

const bytea: Convert = (text, _, config) => {
  const hex = text.slice(2);
  if (config['binary.handling.mode'] === 'hex') return hex;
  return Buffer.from(hex, 'hex').toString(
    config['binary.handling.mode'] === 'base64-url-safe' ? 'base64url' : 'base64',
  );
};

/** Bits are bytes with the lowest first, one bit is a boolean. */
const bits: Convert = (text, { modifier }) => {
  if (modifier === 1) return text === '1';
  const bytes = Buffer.alloc(Math.ceil(text.length / 8));
  for (let bit = 0; bit < text.length; bit++)
    if (text[text.length - 1 - bit] === '1') bytes[bit >> 3] = (bytes[bit >> 3] as number) | (1 << (bit & 7));
  return base64(bytes);
};

const isMillis = ({ modifier }: PgType, mode: DebeziumPostgresConfig['time.precision.mode']): boolean =>
  mode === 'connect' || (modifier >= 0 && modifier <= 3);

const time: Convert = (text, type, config) => {
  const mode = config['time.precision.mode'];
  const micros = timeMicros(text);
  return mode !== 'adaptive_time_microseconds' && isMillis(type, mode) ? Math.floor(micros / 1_000) : micros;
};

const timestamp: Convert = (text, type, config) => {
  const micros = timestampMicros(text);
  const isFloored = micros < 0n && micros % 1_000n !== 0n;
  return whole(isMillis(type, config['time.precision.mode']) ? micros / 1_000n - (isFloored ? 1n : 0n) : micros);
};

const point: Convert = (text) => {
  const [x = 0, y = 0] = text.slice(1, -1).split(',').map(Number);
  const wkb = Buffer.alloc(21);
  wkb.writeUInt8(1, 0);
  wkb.writeUInt32LE(1, 1);
  wkb.writeDoubleLE(x, 5);
  wkb.writeDoubleLE(y, 13);
  return { x, y, wkb: base64(wkb), srid: null };
};

/** By number of a type of PostgreSQL's own catalogue; any other is its text. */
const CONVERSIONS: ReadonlyMap<number, Convert> = new Map<number, Convert>([
  [16, (text) => text === 't'],
  [17, bytea],
  ...[20, 21, 23, 26].map((oid) => [oid, integer] as const),
  ...[700, 701].map((oid) => [oid, float] as const),
  [600, point],
  [790, money],
  [1082, (text) => dateDays(text)],
  [1083, time],
  [1114, timestamp],
  [1184, (text) => zonedTimestamp(text)],
  [
    1186,
    (text, _, config) =>
      config['interval.handling.mode'] === 'string' ? intervalIso(text) : whole(intervalMicros(text)),
  ],
  [1266, (text) => zonedTime(text)],
  ...[1560, 1562].map((oid) => [oid, bits] as const),
  [1700, numeric],
]);

/** A value in PostgreSQL's text form as Debezium writes it into JSON (its documentation, "Data type mappings"). */
export const convert = (text: string, type: PgType, config: DebeziumPostgresConfig): unknown => {
  const { element } = type;
  if (element) return parseArray(text, (item) => convert(item, element, config));
  return CONVERSIONS.get(type.oid)?.(text, type, config) ?? (type.oid === 1700 ? null : text);
};
