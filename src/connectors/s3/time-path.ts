/** One of the parts that a pattern of Java's `DateTimeFormatter` may have here, text in quotes, or signs. */
const PART = /yyyy|uuuu|MM|dd|HH|mm|ss|'(?:[^']|'')*'|[^A-Za-z']+/y;

const UNITS_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

/** What a time is in the path, in UTC; undefined for a pattern with other letters. */
export const timePattern = (pattern: string): ((timeMs: number) => string) | undefined => {
  const parts: string[] = [];
  for (let at = 0; at < pattern.length; at = PART.lastIndex) {
    PART.lastIndex = at;
    const part = PART.exec(pattern)?.[0];
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return (timeMs) => {
    const [year, month, day, hour, minute, second] = new Date(timeMs).toISOString().split(/[-T:.]/);
    const values: Readonly<Record<string, string | undefined>> = {
      ...{ yyyy: year, uuuu: year, MM: month, dd: day, HH: hour, mm: minute, ss: second },
    };
    return parts.map((part) => values[part] ?? unquoted(part)).join('');
  };
};

const unquoted = (part: string): string => {
  if (part === "''") return "'";
  return part.startsWith("'") ? part.slice(1, -1).replaceAll("''", "'") : part;
};

/** Milliseconds of `30d`, `24h`, `30m`, `10s` or a number of them. */
export const durationMs = (text: string): number => {
  const [, count = '', unit = ''] = /^(\d+)([dDhHms]?)$/.exec(text) ?? [];
  return Number(count) * (UNITS_MS[unit.toLowerCase()] ?? 1);
};
