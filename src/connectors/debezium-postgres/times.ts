const DAY_US = 86_400_000_000n;
/** How Debezium writes the two infinities of a timestamp, in microseconds. */
const [LATEST_US, EARLIEST_US] = [9_223_372_036_825_200_000n, -9_223_372_036_832_400_000n];

const infinity = <T>(text: string, latest: T, earliest: T): T | undefined => {
  if (text === 'infinity') return latest;
  return text === '-infinity' ? earliest : undefined;
};

const epochDays = (text: string): number => {
  const [, year = '', month = '', day = '', isBefore] = /^(\d+)-(\d+)-(\d+)(?:.*( BC))?/.exec(text) ?? [];
  const date = new Date(0);
  date.setUTCFullYear(isBefore ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  return date.getTime() / 86_400_000;
};

/** Days since 1970-01-01 of a date. */
export const dateDays = (text: string): number => infinity(text, 2_147_483_647, -2_147_483_648) ?? epochDays(text);

/** Microseconds since midnight of a time without zone. */
export const timeMicros = (text: string): number => {
  const [, hours, minutes, seconds = '', fraction = ''] = /^(\d+):(\d+):(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000 + Number(fraction.padEnd(6, '0'));
};

/** Microseconds of the epoch of a timestamp without zone. */
export const timestampMicros = (text: string): bigint =>
  infinity(text, LATEST_US, EARLIEST_US) ??
  BigInt(epochDays(text)) * DAY_US + BigInt(timeMicros(text.slice(text.indexOf(' ') + 1)));

/** A timestamp with zone, which the session has in UTC, in ISO 8601. */
export const zonedTimestamp = (text: string): string =>
  infinity(text, text, text) ??
  text
    .replace(' ', 'T')
    .replace(
      /^(\d+)(.*) BC$/,
      (_, year: string, rest: string) => `-${String(Number(year) - 1).padStart(4, '0')}${rest}`,
    )
    .replace(/\+00$/, 'Z');

/** A time with zone, in UTC. */
export const zonedTime = (text: string): string => {
  const [, clock = '', sign = '+', hours = '0', minutes = '0', seconds = '0'] =
    /^([\d:.]+)([+-])(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text) ?? [];
  const offset = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1 : 1);
  const day = 86_400;
  const [at = '', fraction] = clock.split('.');
  const utc = (((timeMicros(at) / 1_000_000 - offset) % day) + day) % day;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${two(utc / 3_600)}:${two((utc / 60) % 60)}:${two(utc % 60)}${fraction ? `.${fraction}` : ''}Z`;
};

interface Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

const intervalParts = (text: string): Interval => {
  const amount = (unit: string): number => Number(new RegExp(`(-?\\+?\\d+) ${unit}`).exec(text)?.[1] ?? 0);
  const [, sign, clock] = /([+-]?)(\d+:\d+:\d+(?:\.\d+)?)/.exec(text) ?? [];
  const micros = clock === undefined ? 0n : BigInt(timeMicros(clock));
  return { months: amount('year') * 12 + amount('mon'), days: amount('day'), micros: sign === '-' ? -micros : micros };
};

/** Microseconds of an interval; a month has a twelfth of 365.25 days. */
export const intervalMicros = (text: string): bigint => {
  const { months, days, micros } = intervalParts(text);
  return (BigInt(months) * DAY_US * 36_525n) / 1_200n + BigInt(days) * DAY_US + micros;
};

/** An interval in ISO 8601, with each part. */
export const intervalIso = (text: string): string => {
  const { months, days, micros } = intervalParts(text);
  const seconds = micros / 1_000_000n;
  const rest = micros % 1_000_000n;
  const fraction = String(rest < 0n ? -rest : rest)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const left = `${rest < 0n && seconds % 60n === 0n ? '-' : ''}${seconds % 60n}${fraction && `.${fraction}`}`;
  return `P${Math.trunc(months / 12)}Y${months % 12}M${days}DT${seconds / 3_600n}H${(seconds / 60n) % 60n}M${left}S`;
};
