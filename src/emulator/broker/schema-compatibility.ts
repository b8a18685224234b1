import avsc from 'avsc';
import { keyValueParts } from '../../core/schema/key-value.ts';
import { SchemaType } from '../../pulsar/protocol/enums.ts';
import type { SchemaDefinition } from './storage/schema-store.ts';

type Avro = { readonly kind: 'avro'; readonly text: string };
/** What is compared: primitives by their type alone. */
type Comparable =
  | Avro
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'pair'; readonly parts: Comparable[] };

const text = (data: Uint8Array): string => Buffer.from(data).toString('utf8');

function comparable({ type, data, properties }: SchemaDefinition): Comparable {
  if (type === SchemaType.Avro || type === SchemaType.Json) return { kind: 'avro', text: text(data) };
  if (type !== SchemaType.KeyValue) return { kind: 'type', type: String(type) };
  const { key, value } = keyValueParts({ type: 'KeyValue', name: '', data, properties });
  const parts = [key, value].map(
    (part): Comparable =>
      part.type === 'Avro' || part.type === 'Json'
        ? { kind: 'avro', text: text(part.data) }
        : { kind: 'type', type: part.type },
  );
  return { kind: 'pair', parts };
}

function canReadAvro(reader: string, writer: string): boolean {
  if (reader === writer) return true;
  try {
    avsc.Type.forSchema(JSON.parse(reader)).createResolver(avsc.Type.forSchema(JSON.parse(writer)));
    return true;
  } catch {
    return false;
  }
}

function canReadComparable(reader: Comparable, writer: Comparable): boolean {
  if (reader.kind === 'avro') return writer.kind === 'avro' && canReadAvro(reader.text, writer.text);
  if (reader.kind === 'type') return writer.kind === 'type' && reader.type === writer.type;
  return (
    writer.kind === 'pair' &&
    reader.parts.every((part, index) => canReadComparable(part, writer.parts[index] as Comparable))
  );
}

/** Whether what was written with `writer` can be read with `reader`: Avro's rules for Avro and JSON, else the same type. */
export function canRead(reader: SchemaDefinition, writer: SchemaDefinition): boolean {
  if (reader.type !== writer.type) return false;
  try {
    return canReadComparable(comparable(reader), comparable(writer));
  } catch {
    return false;
  }
}

/** Pulsar's default strategy, FULL: each can read what the other wrote. */
export function isFullyCompatible(one: SchemaDefinition, other: SchemaDefinition): boolean {
  return canRead(one, other) && canRead(other, one);
}
