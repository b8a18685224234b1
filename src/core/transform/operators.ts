import { asText, asTimestamp } from './values.ts';

/** Whether a condition holds: true, or the text `true`. */
export const isTrue = (value: unknown): boolean => value === true || value === 'true';

type Numeric = number | bigint;

const numeric = (value: unknown): Numeric => {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value === null || value === undefined) return 0;
  if (value instanceof Date) return asTimestamp(value);
  const text = asText(value);
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new TypeError('a number is needed, and the value is none');
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
};

/** Both as BigInt where one is and both are whole, else as numbers. */
const pairOf = (a: unknown, b: unknown): [Numeric, Numeric] => {
  const [left, right] = [numeric(a), numeric(b)];
  if (typeof left === typeof right) return [left, right];
  const areWhole = [left, right].every((it) => typeof it === 'bigint' || Number.isInteger(it));
  return areWhole ? [BigInt(left), BigInt(right)] : [Number(left), Number(right)];
};

const exact = (value: Numeric): Numeric => {
  const number = Number(value);
  return typeof value === 'bigint' && Number.isSafeInteger(number) ? number : value;
};

const isEmpty = (value: unknown): boolean => value === null || value === undefined;
const isNumeric = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';

/** Less than 0, 0, more than 0; undefined when they cannot be compared. */
const compare = (a: unknown, b: unknown): number | undefined => {
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) && isEmpty(b) ? 0 : undefined;
  if (isNumeric(a) || isNumeric(b)) {
    try {
      const [left, right] = [numeric(a), numeric(b)];
      return left < right ? -1 : left > right ? 1 : 0;
    } catch {
      return undefined;
    }
  }
  const [left, right] = [asText(a), asText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
};

const COMPARISONS: Readonly<Record<string, (order: number | undefined) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order !== undefined && order < 0,
  '>': (order) => order !== undefined && order > 0,
  '<=': (order) => order !== undefined && order <= 0,
  '>=': (order) => order !== undefined && order >= 0,
};

const whole = (sign: string, a: bigint, b: bigint): bigint => {
  if (sign === '+') return a + b;
  if (sign === '-') return a - b;
  if (sign === '*') return a * b;
  if (b === 0n) throw new TypeError('a whole number cannot be divided by 0');
  return sign === '%' ? a % b : a / b;
};

const broken = (sign: string, a: number, b: number): number => {
  if (sign === '+') return a + b;
  if (sign === '-') return a - b;
  if (sign === '*') return a * b;
  return sign === '%' ? a % b : a / b;
};

/** One of the signs between two values. Integers stay exact. */
export const operate = (sign: string, a: unknown, b: unknown): unknown => {
  const comparison = COMPARISONS[sign];
  if (comparison) return comparison(compare(a, b));
  const [left, right] = pairOf(a, b);
  if (typeof left === 'bigint') return exact(whole(sign, left, right as bigint));
  const result = broken(sign, left, right as number);
  const mayOverflow =
    sign !== '/' && Number.isInteger(left) && Number.isInteger(right) && !Number.isSafeInteger(result);
  return mayOverflow && Number.isFinite(result) ? exact(whole(sign, BigInt(left), BigInt(right))) : result;
};
