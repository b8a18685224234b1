import { createHash } from 'node:crypto';
import { PulsarIoError } from '../../core/errors.ts';
import { parseExact } from '../../core/exact-json.ts';
import type { SinkRecord } from '../../core/record.ts';
import { splitList } from '../config.ts';
import { recordId } from '../record-id.ts';
import type { ElasticSearchConfig } from './config.ts';

/** What a record becomes: a document, or (`source` null) the deletion of one. Without an id there is nothing to delete. */
export interface Document {
  readonly id: string | undefined;
  /** JSON in one line. */
  readonly source: string | null;
}

/** Turns a record into its document. Throws `PIO_SINK_REJECTED`. */
export type ToDocument = (record: SinkRecord) => Document;

type Fields = Readonly<Record<string, unknown>>;

/** Longest id that the servers take, in bytes of UTF-8. */
const MAX_ID_BYTES = 512;

const JSON_RAW = JSON as unknown as { isRawJSON(value: unknown): boolean };

const rejected = (what: string): PulsarIoError => new PulsarIoError('PIO_SINK_REJECTED', what);

const isNode = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !JSON_RAW.isRawJSON(value);

/** Without what is null, in objects and lists alike, as Pulsar does it. */
const withoutNulls = (value: unknown): unknown => {
  if (!isNode(value)) return value;
  if (Array.isArray(value)) return value.filter((it) => it !== null).map(withoutNulls);
  const kept = Object.entries(value).filter(([, it]) => it !== null);
  return Object.fromEntries(kept.map(([name, it]) => [name, withoutNulls(it)]));
};

const sorted = (value: unknown): unknown => {
  if (!isNode(value)) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, it]) => [name, sorted(it)]));
};

/** Of this text, without the parse error, which quotes it. */
const fieldsIn = (text: string): Fields | undefined => {
  try {
    const value = parseExact(text);
    return isNode(value) && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
};

/** Several lines would end the document within a bulk request. */
const inOneLine = (text: string, fields: Fields): string => (/[\n\r]/.test(text) ? JSON.stringify(fields) : text);

/** Documents of this config. `isVersioned`: a deletion leaves a document, so none may look like that. */
export const documents = (config: ElasticSearchConfig, isVersioned: boolean): ToDocument => {
  const { schemaEnable, stripNulls, copyKeyFields, stripNonPrintableCharacters } = config;
  const idOf = ids(config);
  const reserved = isVersioned && config.nullValueAction === 'DELETE' ? config.deletedField : undefined;
  const printable = (text: string): string => (stripNonPrintableCharacters ? text.replaceAll(/\p{C}/gu, '') : text);
  const source = (text: string, fields: Fields, key: Fields | undefined): string => {
    if (!schemaEnable) return inOneLine(text, fields);
    const merged = key ? { ...key, ...fields } : fields;
    if (stripNulls && text.includes('null')) return printable(JSON.stringify(withoutNulls(merged)));
    return printable(key ? JSON.stringify(merged) : inOneLine(text, fields));
  };
  return (record) => {
    if (record.value === null) return { id: idOf(record, undefined), source: null };
    const text = schemaEnable ? (record.value as string) : printable(record.value as string);
    const fields = fieldsIn(text);
    if (!fields) throw rejected('the message is no JSON object, which a document has to be');
    if (reserved !== undefined && Object.hasOwn(fields, reserved))
      throw rejected(`the message has a field ${reserved}, which is kept for the sink`);
    const key = copyKeyFields && record.key !== undefined ? fieldsIn(record.key) : undefined;
    return { id: idOf(record, fields) ?? derivedId(record), source: source(text, fields, key) };
  };
};

/** Of a record that has no other id: equal whenever it is written. */
const derivedId = (record: SinkRecord): string => {
  const id = recordId(record);
  return Buffer.byteLength(id) > MAX_ID_BYTES ? hashed(id, 'sha256') : id;
};

const hashed = (id: string, algorithm: 'sha256' | 'sha512'): string =>
  createHash(algorithm).update(id).digest('base64').replaceAll('=', '');

const ids = (config: ElasticSearchConfig) => {
  const { schemaEnable, keyIgnore, canonicalKeyFields, idHashingAlgorithm, conditionalIdHashing } = config;
  const primary = schemaEnable ? splitList(config.primaryFields) : [];
  const algorithm = ({ NONE: undefined, SHA256: 'sha256', SHA512: 'sha512' } as const)[idHashingAlgorithm];
  const written = (value: unknown): string => {
    const text = JSON.stringify(canonicalKeyFields ? sorted(value) : value);
    return /^".*"$/s.test(text) ? text.slice(1, -1) : text;
  };
  const ofFields = (fields: Fields, names: readonly string[]): string => {
    const missing = names.find((name) => fields[name] === undefined || fields[name] === null);
    if (missing !== undefined) throw rejected(`the message has no value for ${missing}, of which the id is made`);
    if (names.length === 1) return written(fields[names[0] as string]);
    return written(Object.keys(fields).flatMap((name) => (names.includes(name) ? [fields[name]] : [])));
  };
  const ofKey = (key: string): string => {
    const fields = schemaEnable && key.startsWith('{') ? fieldsIn(key) : undefined;
    return fields && Object.keys(fields).length > 0 ? ofFields(fields, Object.keys(fields)) : key;
  };
  const plain = ({ key }: SinkRecord, fields: Fields | undefined): string | undefined => {
    if (fields && primary.length > 0) return ofFields(fields, primary);
    return keyIgnore || key === undefined || key === '' ? undefined : ofKey(key);
  };
  return (record: SinkRecord, fields: Fields | undefined): string | undefined => {
    const id = plain(record, fields);
    if (id === undefined) return undefined;
    const isLong = Buffer.byteLength(id) > MAX_ID_BYTES;
    if (schemaEnable && algorithm && (isLong || !conditionalIdHashing)) return hashed(id, algorithm);
    if (isLong) throw rejected(`the id would have more than ${MAX_ID_BYTES} bytes: set idHashingAlgorithm`);
    return id;
  };
};
