import { PulsarIoError } from '../../core/errors.ts';
import { parseExact } from '../../core/exact-json.ts';
import type { SinkRecord } from '../../core/record.ts';
import { jsonText } from '../../core/schema/json-text.ts';
import { recordId } from '../record-id.ts';
import type { KinesisSinkConfig } from './sink-config.ts';

/** Most bytes of one record, data and key, and of all records of a request. */
const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_REQUEST_BYTES = 5 * 1024 * 1024;
const MAX_REQUEST_RECORDS = 500;
/** Characters of a partition key. */
const MAX_KEY = 256;

/** A record as Kinesis takes it. */
export interface Entry {
  readonly record: SinkRecord;
  /** Place in the batch. */
  readonly index: number;
  readonly key: string;
  readonly data: Buffer;
}

/** The record as an entry; without key its topic is the key, as in Pulsar. Throws `PIO_RECORD_TOO_LARGE`. */
export const entryOf = (record: SinkRecord, index: number, config: KinesisSinkConfig): Entry => {
  const whole = record.key || record.topic;
  const key = whole.length > MAX_KEY ? whole.slice(0, MAX_KEY - 1) : whole;
  const data = dataOf(record, config);
  const entry = { record, index, key, data };
  if (bytesOf(entry) <= MAX_RECORD_BYTES) return entry;
  throw new PulsarIoError(
    'PIO_RECORD_TOO_LARGE',
    `${recordId(record)} has ${bytesOf(entry)} bytes with its key; Kinesis takes at most ${MAX_RECORD_BYTES}`,
  );
};

const bytesOf = ({ key, data }: Entry): number => data.length + Buffer.byteLength(key);

const dataOf = (record: SinkRecord, config: KinesisSinkConfig): Buffer => {
  const { bytes, properties } = record;
  if (config.messageFormat === 'ONLY_RAW_PAYLOAD') return bytes ?? Buffer.alloc(0);
  if (config.messageFormat === 'FULL_MESSAGE_IN_JSON')
    return Buffer.from(jsonText({ ...(bytes && { payloadBase64: bytes.toString('base64') }), properties }));
  const { topic, key, value, eventTimeMs } = record;
  const expanded = { topicName: topic, key, payload: payloadOf(value), properties, eventTime: eventTimeMs };
  const filled = Object.entries(expanded).map(([name, it]) => [name, it ?? null]);
  const shown = config.jsonIncludeNonNulls ? filled.filter(([, it]) => it !== null) : filled;
  return Buffer.from(jsonText(Object.fromEntries(shown)));
};

/** Text that is a JSON object or list is told as such. */
const payloadOf = (value: unknown): unknown => {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseExact(value);
  } catch {
    return value;
  }
};

/** Requests that entries fit into, in their order; with `oncePerKey` no two of a key are in one. */
export function* requestsOf(entries: readonly Entry[], oncePerKey: boolean): Generator<readonly Entry[]> {
  let waiting = entries;
  while (waiting.length > 0) {
    const request: Entry[] = [];
    const rest: Entry[] = [];
    const keys = new Set<string>();
    let bytes = 0;
    for (const entry of waiting) {
      const fits = request.length < MAX_REQUEST_RECORDS && bytes + bytesOf(entry) <= MAX_REQUEST_BYTES;
      const isTaken = fits && !(oncePerKey && keys.has(entry.key)) && (oncePerKey || rest.length === 0);
      if (isTaken) bytes += bytesOf(entry);
      keys.add(entry.key);
      (isTaken ? request : rest).push(entry);
    }
    yield request;
    waiting = rest;
  }
}
