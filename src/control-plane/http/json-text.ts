import { PulsarIoError } from '../../core/errors.ts';

/** Deepest nesting that is taken. */
const MAX_DEPTH = 64;

/** The value of a JSON text. Throws `PIO_REQUEST_INVALID` with the position where it breaks, or when it is nested too deep; `what` names the text. */
export const parseJson = (what: string, text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', `${what} is not valid JSON: ${placeOf(cause, text)}`, {
      cause,
    });
  }
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', `${what} is nested deeper than ${MAX_DEPTH} levels`);
  }
  return value;
};

/** Where JSON broke; never the text around it, which may be a secret. V8 names no position for a token that must not be there: then we look for it. */
const placeOf = (cause: unknown, text: string): string => {
  const message = (cause as Error).message;
  const place = /(at position \d+)( \(line \d+ column \d+\))?/.exec(message);
  if (place) return `it breaks ${place[0]}`;
  return mayGoOn(text) ? 'it ends too early' : `it breaks at position ${brokenAt(text)}`;
};

/** Offset of the character up to which the text may be the beginning of JSON. */
const brokenAt = (text: string): number => {
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (mayGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
};

/** True for JSON and for what more text could make JSON: the parser complains of nothing but its end. */
const mayGoOn = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch (cause) {
    const { message } = cause as Error;
    const [, position] = /at position (\d+)/.exec(message) ?? [];
    return /Unexpected end|Unterminated string/.test(message) || Number(position) === text.length;
  }
};

const isDeeperThan = (value: unknown, levels: number): boolean => {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
};
