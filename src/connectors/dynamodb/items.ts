import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { PulsarIoError } from '../../core/errors.ts';
import type { SinkRecord } from '../../core/record.ts';
import type { DynamodbConfig } from './config.ts';

/** An attribute of the primary key. */
export interface KeyAttribute {
  readonly name: string;
  /** Text, number or bytes. */
  readonly type: 'S' | 'N' | 'B';
}

/** An item in DynamoDB's own form. */
export type Item = Record<string, AttributeValue>;

type Fields = Readonly<Record<string, unknown>>;

const rejected = (what: string): PulsarIoError => new PulsarIoError('PIO_SINK_REJECTED', what);

/** A JSON value in DynamoDB's form; numbers keep their digits. */
export const attributeOf = (value: unknown): AttributeValue => {
  if (value === null || value === undefined) return { NULL: true };
  if (value instanceof Uint8Array) return { B: value };
  if (Array.isArray(value)) return { L: value.map(attributeOf) };
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
    case 'bigint':
      return { N: String(value) };
    case 'boolean':
      return { BOOL: value };
    default:
      return { M: Object.fromEntries(Object.entries(value as Fields).map(([name, it]) => [name, attributeOf(it)])) };
  }
};

/** The value of a key attribute. Throws `PIO_SINK_REJECTED` when there is none of its type. */
const keyAttribute = (value: unknown, { name, type }: KeyAttribute): AttributeValue => {
  if (value === undefined || value === null || value === '')
    throw rejected(`the message has no value for the key attribute ${name}`);
  if (type === 'S' && typeof value === 'string') return { S: value };
  if (type === 'N' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(String(value))) return { N: String(value) };
  if (type === 'B' && (value instanceof Uint8Array || typeof value === 'string')) return { B: Buffer.from(value) };
  throw rejected(`the value for the key attribute ${name} is not of the type ${type}`);
};

/** The fields that the message's key gives the key attributes: those of a JSON object, or the key itself for a single attribute. */
const keyFields = (key: string | undefined, keys: readonly KeyAttribute[]): Fields => {
  const [only] = keys;
  if (key === undefined) return {};
  if (only && keys.length === 1) return { [only.name]: key };
  try {
    const fields: unknown = JSON.parse(key);
    return typeof fields === 'object' && fields !== null ? (fields as Fields) : {};
  } catch {
    return {};
  }
};

/** The item of a record: its fields, or what is left of a deleted item; with its version. Throws `PIO_SINK_REJECTED`. */
export const itemOf = (record: SinkRecord, keys: readonly KeyAttribute[], config: DynamodbConfig): Item => {
  const { versionAttribute, deletedAttribute, tombstoneTtlSeconds } = config;
  const { value, key, version, publishTimeMs } = record;
  const fields: Fields = { ...keyFields(key, keys), ...(value as Fields | null) };
  const reserved = [versionAttribute, deletedAttribute].find((name) => Object.hasOwn(fields, name));
  if (reserved !== undefined) throw rejected(`the message has a field ${reserved}, which is kept for the sink`);
  const isKey = (name: string): boolean => keys.some((it) => it.name === name);
  return {
    ...Object.fromEntries(keys.map((it) => [it.name, keyAttribute(fields[it.name], it)])),
    ...Object.fromEntries(
      Object.entries((value as Fields | null) ?? {}).flatMap(([name, it]) =>
        isKey(name) ? [] : [[name, attributeOf(it)] as const],
      ),
    ),
    [versionAttribute]: { N: String(version) },
    ...(value === null && {
      [deletedAttribute]: { N: String(Math.ceil(publishTimeMs / 1_000) + tombstoneTtlSeconds) },
    }),
  };
};
