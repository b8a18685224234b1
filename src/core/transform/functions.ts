import { asText, asTimestamp } from './values.ts';

type Call = (parameters: readonly unknown[]) => unknown;

const UNIT_MS: Readonly<Record<string, number>> = {
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  millis: 1,
};

const timestampAdd: Call = ([input, delta, unit]) => {
  const date = new Date(asTimestamp(input));
  const [count, name] = [Number(asText(delta)), asText(unit)];
  if (name === 'years') date.setUTCFullYear(date.getUTCFullYear() + count);
  else if (name === 'months') date.setUTCMonth(date.getUTCMonth() + count);
  else {
    const ms = UNIT_MS[name];
    if (ms === undefined)
      throw new TypeError('the unit must be years, months, days, hours, minutes, seconds or millis');
    date.setTime(date.getTime() + count * ms);
  }
  return date;
};

const orNull =
  (change: (text: string) => string): Call =>
  ([input]) =>
    input === null || input === undefined ? null : change(asText(input));

const contains: Call = ([input, value]) =>
  input !== null &&
  input !== undefined &&
  value !== null &&
  value !== undefined &&
  asText(input).includes(asText(value));

/** All occurrences of a text: regular expressions of users could run for ever. */
const replace: Call = ([input, from, to]) =>
  input === null ? null : asText(input).replaceAll(asText(from), () => asText(to));

/** Functions by name, with the number of their parameters. */
const FUNCTIONS: Readonly<Record<string, readonly [parameters: number, call: Call]>> = {
  uppercase: [1, orNull((text) => text.toUpperCase())],
  lowercase: [1, orNull((text) => text.toLowerCase())],
  trim: [1, orNull((text) => text.trim())],
  str: [1, orNull((text) => text)],
  contains: [2, contains],
  concat: [2, ([a, b]) => asText(a) + asText(b)],
  coalesce: [2, ([value, otherwise]) => value ?? otherwise],
  replace: [3, replace],
  timestampAdd: [3, timestampAdd],
};

/** The function of that name. Throws `TypeError` when there is none, or it takes another number of parameters. */
export const callOf = (name: string, parameters: number): Call => {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!found) throw new TypeError(`there is no function fn:${name}; there are ${Object.keys(FUNCTIONS).join(', ')}`);
  const [wanted, call] = found;
  if (wanted !== parameters) throw new TypeError(`fn:${name} takes ${wanted} parameters, not ${parameters}`);
  return call;
};
