import { textOf as jsonOf } from '../contracts/source.ts';

/** What of an envelope the suites look at. */
export const changeOf = (record: Parameters<typeof jsonOf>[0]): string => {
  if (record.value === null) return `tombstone ${record.key}`;
  const { op, before, after } = JSON.parse(jsonOf(record));
  return `${op} ${JSON.stringify(before)} ${JSON.stringify(after)}`;
};
