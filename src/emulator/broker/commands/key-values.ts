import type { KeyValue } from '../../../pulsar/protocol/messages.ts';

/** Wire key-values as a record; of a repeated key the last value counts. */
export function toRecord(pairs: readonly KeyValue[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}

/** A record as wire key-values. */
export function toKeyValues(record: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}
