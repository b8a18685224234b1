import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import { type AerospikeConfig, MAX_BIN_NAME_BYTES } from './config.ts';
import type { Bins, Driver } from './driver.ts';

/** What a message becomes: bins of the record of its key, or its deletion. */
export interface AerospikeWrite {
  readonly key: string;
  /** Absent: the record is removed. */
  readonly bins?: Bins;
  /** Whether the record has no other bins then. */
  readonly isReplaced: boolean;
  /** The version that the bins hold; undefined: none. */
  readonly version: number | undefined;
  /** Seconds that the record is to live; absent: as its namespace says. */
  readonly ttl?: number;
}

/** Turns a message into its write. Throws `PIO_SINK_REJECTED`. */
export type ToWrite = (record: SinkRecord) => AerospikeWrite;

const NUL = '\0';
const AT_NUL = 'a character U+0000, where the package (6.7.1) cuts texts off';

const rejected = (what: string): PulsarIoError => new PulsarIoError('PIO_SINK_REJECTED', what);

/** Writes of this config. `isVersioned`: records have a version, and deletions leave one. */
export const writes = (driver: Driver, config: AerospikeConfig, isVersioned: boolean): ToWrite => {
  const { columnName, mapFields, versionBin, tombstoneTtlMs } = config;
  const tombstoneTtl = tombstoneTtlMs === undefined ? driver.ttl.NEVER_EXPIRE : Math.ceil(tombstoneTtlMs / 1_000);
  const binOf = binValues(driver);
  const fieldsOf = (value: object): Bins => {
    const fields = Object.entries(value).filter(([, it]) => it !== null && it !== undefined);
    if (fields.length === 0) throw rejected('the message has no field with a value, and a record is at least one bin');
    for (const [name] of fields) {
      if (name === '' || Buffer.byteLength(name) > MAX_BIN_NAME_BYTES)
        throw rejected(`the message has a field whose name is not of 1 to ${MAX_BIN_NAME_BYTES} bytes, as a bin's is`);
      if (name.includes(NUL)) throw rejected(`the message has a field whose name has ${AT_NUL}`);
      if (isVersioned && name === versionBin)
        throw rejected(`the message has a field ${versionBin}, which is kept for the sink`);
    }
    return Object.fromEntries(fields.map(([name, it]) => [name, binOf(it)]));
  };
  const binsOf = (value: unknown): Bins => (mapFields ? fieldsOf(value as object) : { [columnName]: binOf(value) });
  return (record) => {
    const { value, version } = record;
    const key = keyOf(record);
    const versioned = isVersioned ? { [versionBin]: version } : undefined;
    const rest = { key, isReplaced: mapFields || value === null, version: isVersioned ? version : undefined };
    if (value === null) return { ...rest, ...(versioned && { bins: versioned, ttl: tombstoneTtl }) };
    return { ...rest, bins: { ...binsOf(value), ...versioned } };
  };
};

/** The message's key; without one its payload, as with Pulsar. */
const keyOf = ({ key, bytes }: SinkRecord): string => {
  const text = key ?? bytes?.toString();
  if (text === undefined) throw rejected('the message has neither payload nor key: no record is named');
  if (text === '') throw rejected('the key is empty, which Aerospike does not take');
  if (text.includes(NUL)) throw rejected(`the key has ${AT_NUL}`);
  return text;
};

/** Values as the package takes them: integers of 64 bits, other numbers as doubles. Throws `PIO_SINK_REJECTED` for one that Aerospike does not have. */
const binValues = ({ Double }: Driver) => {
  const binOf = (value: unknown): unknown => {
    if (typeof value === 'string' && value.includes(NUL)) throw rejected(`the message has ${AT_NUL}`);
    if (typeof value === 'number') return Number.isSafeInteger(value) ? value : new Double(value);
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value)
      throw rejected('the message has an integer of more than 64 bits');
    if (Array.isArray(value)) return value.map(binOf);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (value instanceof Date) return value.toISOString();
    return Object.fromEntries(Object.entries(value).map(([name, it]) => [binOf(name), binOf(it)]));
  };
  return binOf;
};
