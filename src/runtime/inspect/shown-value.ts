/** Longest text of a preview, in characters. */
const MAX_CHARACTERS = 1_000;
const MAX_ENTRIES = 50;
const MAX_DEPTH = 3;

/** Text for a person, cut where it is long: UTF-8 as it is, other bytes in base64, anything else as JSON; null is a tombstone. */
export const shownText = (value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return cut(value);
  if (value instanceof Uint8Array) return cut(textOf(Buffer.from(value)));
  return cut(JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each)) ?? String(value));
};

/** `value` as JSON can hold it, with every text and list cut. */
export const shownValue = (value: unknown, depth = 0): unknown => {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return String(value);
  const isNested = typeof value === 'object' && !(value instanceof Uint8Array) && depth < MAX_DEPTH;
  if (!isNested) return shownText(value);
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((each) => shownValue(each, depth + 1));
  const entries = Object.entries(value as object).slice(0, MAX_ENTRIES);
  return Object.fromEntries(entries.map(([name, each]) => [name, shownValue(each, depth + 1)]));
};

/** Properties of a message, each cut. */
export const shownProperties = (properties: Readonly<Record<string, string>> = {}): Record<string, string> =>
  shownValue(properties) as Record<string, string>;

const textOf = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return `base64:${bytes.toString('base64')}`;
  }
};

const cut = (text: string): string =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}… (${text.length} characters)` : text;
