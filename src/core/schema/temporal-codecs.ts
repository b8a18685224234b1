import { sized } from './bytes.ts';
import type { BytesCodec } from './definition.ts';

const MS_PER_DAY = 86_400_000;
const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_DAY = 86_400n * NANOS_PER_SECOND;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;

const words = (...values: readonly bigint[]): Buffer => {
  const buffer = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => {
    buffer.writeBigInt64BE(value, 8 * index);
  });
  return buffer;
};

const fail = (what: string, wanted: string): never => {
  throw new TypeError(`${what} takes ${wanted}`);
};

const toIso = (ms: number, what: string): string => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? fail(what, 'times that JavaScript dates can tell') : date.toISOString();
};

/** A `Date` as its milliseconds: java.util.Date, java.sql.Time and Timestamp. */
const date = (what: string): BytesCodec => ({
  encode: (value) => {
    const ms = value instanceof Date ? value.getTime() : Number.NaN;
    return words(BigInt(Number.isNaN(ms) ? fail(what, 'a valid Date') : ms));
  },
  decode: (bytes) => new Date(Number(sized(bytes, 8, what).readBigInt64BE())),
});

const dayOf = (text: string, what: string): bigint => {
  const ms = /^([+-]\d{6}|\d{4})-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return BigInt(Number.isNaN(ms) ? fail(what, 'a date as YYYY-MM-DD') : ms / MS_PER_DAY);
};

const dayText = (day: bigint, what: string): string => toIso(Number(day) * MS_PER_DAY, what).split('T')[0] as string;

const nanosOf = (text: string, what: string): bigint => {
  const [, hours, minutes, seconds = '0', fraction = ''] =
    TIME.exec(text) ?? fail(what, 'a time as hh:mm:ss.nnnnnnnnn');
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) fail(what, 'a time before 24:00');
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return BigInt(whole) * NANOS_PER_SECOND + BigInt(fraction.padEnd(9, '0'));
};

const fractionText = (nanos: bigint): string => {
  const digits = String(nanos).padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
};

const timeText = (nanos: bigint, what: string): string => {
  if (nanos < 0n || nanos >= NANOS_PER_DAY) fail(what, 'nanoseconds within a day');
  const whole = toIso(Number(nanos / NANOS_PER_SECOND) * 1000, what).slice(11, 19);
  return `${whole}${fractionText(nanos % NANOS_PER_SECOND)}`;
};

const text = (value: unknown, what: string): string =>
  typeof value === 'string' ? value : fail(what, 'an ISO 8601 text');

const localDate: BytesCodec = {
  encode: (value) => words(dayOf(text(value, 'LocalDate'), 'LocalDate')),
  decode: (bytes) => dayText(sized(bytes, 8, 'LocalDate').readBigInt64BE(), 'LocalDate'),
};

const localTime: BytesCodec = {
  encode: (value) => words(nanosOf(text(value, 'LocalTime'), 'LocalTime')),
  decode: (bytes) => timeText(sized(bytes, 8, 'LocalTime').readBigInt64BE(), 'LocalTime'),
};

const localDateTime: BytesCodec = {
  encode: (value) => {
    const [day = '', time = ''] = text(value, 'LocalDateTime').split('T');
    return words(dayOf(day, 'LocalDateTime'), nanosOf(time, 'LocalDateTime'));
  },
  decode: (bytes) => {
    const buffer = sized(bytes, 16, 'LocalDateTime');
    const day = dayText(buffer.readBigInt64BE(0), 'LocalDateTime');
    return `${day}T${timeText(buffer.readBigInt64BE(8), 'LocalDateTime')}`;
  },
};

/** Seconds and nanoseconds, as text with all of its digits: a `Date` would lose the last six. */
const instant: BytesCodec = {
  encode: (value) => {
    const iso = value instanceof Date ? toIso(value.getTime(), 'Instant') : text(value, 'Instant');
    const [day = '', time = ''] = iso.replace(/Z$/, '').split('T');
    if (!iso.endsWith('Z')) fail('Instant', 'a time in UTC, ending in Z');
    const nanos = nanosOf(time, 'Instant');
    const buffer = Buffer.alloc(12);
    buffer.writeBigInt64BE(dayOf(day, 'Instant') * 86_400n + nanos / NANOS_PER_SECOND);
    buffer.writeInt32BE(Number(nanos % NANOS_PER_SECOND), 8);
    return buffer;
  },
  decode: (bytes) => {
    const buffer = sized(bytes, 12, 'Instant');
    const whole = toIso(Number(buffer.readBigInt64BE(0)) * 1000, 'Instant').replace(/\.000Z$/, '');
    return `${whole}${fractionText(BigInt(buffer.readInt32BE(8)))}Z`;
  },
};

/** Java's encodings of dates and times. Date, Time and Timestamp are a `Date`, the others ISO 8601 texts to the nanosecond. */
export const temporalCodecs: Readonly<Record<string, BytesCodec>> = {
  Date: date('Date'),
  Time: date('Time'),
  Timestamp: date('Timestamp'),
  Instant: instant,
  LocalDate: localDate,
  LocalTime: localTime,
  LocalDateTime: localDateTime,
};
