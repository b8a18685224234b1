import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';
import type { WireValue } from './scalars.ts';
import { uint32Size, Writer } from './writer.ts';

type Label = 'required' | 'optional' | 'repeated';

/** One row of a message table: number on the wire, how often it occurs, how its value travels. */
export interface Field<L extends Label, In, Out> {
  readonly number: number;
  readonly label: L;
  readonly value: WireValue<In, Out>;
}

// biome-ignore lint/suspicious/noExplicitAny: the table is heterogeneous; the types of each row are recovered in Input and Decoded
type Fields = Readonly<Record<string, Field<Label, any, any>>>;

type InOf<F> = F extends Field<Label, infer In, infer _Out> ? In : never;
type OutOf<F> = F extends Field<Label, infer _In, infer Out> ? Out : never;
type Named<F extends Fields, L extends Label> = { [K in keyof F]: F[K]['label'] extends L ? K : never }[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };

/** What encoding takes: required fields must be there, others may be absent. */
export type Input<F extends Fields> = Flat<
  { readonly [K in Named<F, 'required'>]: InOf<F[K]> } & {
    readonly [K in Named<F, 'optional'>]?: InOf<F[K]> | undefined;
  } & { readonly [K in Named<F, 'repeated'>]?: readonly InOf<F[K]>[] | undefined }
>;

/** What decoding gives: every field is a property; an absent optional one is `undefined`, an absent repeated one is `[]`. */
export type Decoded<F extends Fields> = Flat<
  { readonly [K in Named<F, 'required'>]: OutOf<F[K]> } & {
    readonly [K in Named<F, 'optional'>]: OutOf<F[K]> | undefined;
  } & { readonly [K in Named<F, 'repeated'>]: readonly OutOf<F[K]>[] }
>;

/** A message type with its codec. It is a `WireValue` itself, so that it can be a field of another message. */
export interface MessageType<In, Out> extends WireValue<In, Out> {
  /** Field table, for tests and for tools that list the protocol. */
  readonly fields: Fields;
  /** Bytes of the message body, without a length prefix. Throws `ProtocolError` as `encode` does. */
  bodySize(message: In): number;
  /** Writes `bodySize` bytes. Checks nothing: call `bodySize` before, which refuses values without wire form. */
  writeBody(writer: Writer, message: In): void;
  /** Decodes a whole body; throws `ProtocolError` on malformed bytes or a missing required field. */
  decode(bytes: Buffer, start?: number, end?: number): Out;
  /** The body's bytes. Throws `ProtocolError` when a required field is missing or a value has no wire form. */
  encode(message: In): Buffer;
}

/** What `type.encode` takes. */
export type InputOf<M> = M extends MessageType<infer In, infer _Out> ? In : never;
/** What `type.decode` gives. */
export type DecodedOf<M> = M extends MessageType<infer _In, infer Out> ? Out : never;

/** A row for a field that must be there: encoding and decoding throw `ProtocolError` without it. `number` is the protobuf field's. */
export function required<In, Out>(number: number, value: WireValue<In, Out>): Field<'required', In, Out> {
  return { number, label: 'required', value };
}

/** A row for a field that may be absent, which is `undefined` on both sides; a protobuf default is not filled in. */
export function optional<In, Out>(number: number, value: WireValue<In, Out>): Field<'optional', In, Out> {
  return { number, label: 'optional', value };
}

/** A row for a field that may come any number of times, in order; numbers are written one by one and also read packed. */
export function repeated<In, Out>(number: number, value: WireValue<In, Out>): Field<'repeated', In, Out> {
  return { number, label: 'repeated', value };
}

const NONE: readonly never[] = Object.freeze([]);
type Values = Record<string, unknown>;

interface CompiledField {
  readonly name: string;
  readonly label: Label;
  readonly tag: number;
  readonly tagSize: number;
  readonly value: WireValue<unknown, unknown>;
}

function compileFields(fields: Fields): CompiledField[] {
  return Object.entries(fields).map(([name, { number, label, value }]) => {
    const tag = (number << 3) | value.wireType;
    return { name, label, tag, tagSize: uint32Size(tag), value };
  });
}

function compileSize(name: string, fields: readonly CompiledField[]): (message: Values) => number {
  return (message) => {
    let size = 0;
    for (const field of fields) {
      const value = message[field.name];
      if (value === undefined) {
        if (field.label === 'required') throw new ProtocolError(`${name}.${field.name} is required`);
      } else if (field.label === 'repeated') {
        for (const item of value as readonly unknown[]) size += field.tagSize + field.value.size(item);
      } else size += field.tagSize + field.value.size(value);
    }
    return size;
  };
}

function compileWrite(fields: readonly CompiledField[]): (writer: Writer, message: Values) => void {
  return (writer, message) => {
    for (const field of fields) {
      const value = message[field.name];
      if (value === undefined) continue;
      if (field.label === 'repeated') {
        for (const item of value as readonly unknown[]) {
          writer.writeUint32(field.tag);
          field.value.write(writer, item);
        }
      } else {
        writer.writeUint32(field.tag);
        field.value.write(writer, value);
      }
    }
  };
}

function readPacked(reader: Reader, field: CompiledField, items: unknown[]): void {
  const outerEnd = reader.end;
  reader.end = reader.readLengthEnd();
  while (reader.position < reader.end) items.push(field.value.read(reader));
  reader.end = outerEnd;
}

function readRepeated(reader: Reader, field: CompiledField, wireType: number, target: Values): boolean {
  if (wireType !== field.value.wireType && wireType !== 2) return false;
  if (target[field.name] === NONE) target[field.name] = [];
  const items = target[field.name] as unknown[];
  if (wireType === field.value.wireType) items.push(field.value.read(reader));
  else readPacked(reader, field, items);
  return true;
}

function compileRead(name: string, fields: readonly CompiledField[]): (reader: Reader) => Values {
  const template: Values = {};
  const byNumber: (CompiledField | undefined)[] = [];
  for (const field of fields) {
    template[field.name] = field.label === 'repeated' ? NONE : undefined;
    byNumber[field.tag >>> 3] = field;
  }
  const requiredNames = fields.filter((field) => field.label === 'required').map((field) => field.name);
  return (reader) => {
    const target = { ...template };
    while (reader.position < reader.end) {
      const tag = reader.readUint32();
      const field = byNumber[tag >>> 3];
      if (field === undefined) reader.skip(tag & 7);
      else if (field.label === 'repeated') {
        if (!readRepeated(reader, field, tag & 7, target)) reader.skip(tag & 7);
      } else if (field.tag === tag) target[field.name] = field.value.read(reader);
      else reader.skip(tag & 7);
    }
    for (const key of requiredNames) {
      if (target[key] === undefined) throw new ProtocolError(`${name}.${key} is required and missing`);
    }
    return target;
  };
}

/** Compiles a field table into a codec. `name` appears in errors only. */
export function message<F extends Fields>(name: string, fields: F): MessageType<Input<F>, Decoded<F>> {
  const compiled = compileFields(fields);
  const bodySize = compileSize(name, compiled);
  const writeBody = compileWrite(compiled);
  const readBody = compileRead(name, compiled);
  const type: MessageType<Values, Values> = {
    fields,
    wireType: 2,
    bodySize,
    writeBody,
    size(value) {
      const length = bodySize(value);
      return uint32Size(length) + length;
    },
    write(writer, value) {
      writer.writeUint32(bodySize(value));
      writeBody(writer, value);
    },
    read(reader) {
      const outerEnd = reader.end;
      reader.end = reader.readLengthEnd();
      const value = readBody(reader);
      reader.end = outerEnd;
      return value;
    },
    decode: (bytes, start = 0, end = bytes.length) => readBody(new Reader(bytes, start, end)),
    encode(value) {
      const bytes = Buffer.allocUnsafe(bodySize(value));
      writeBody(new Writer(bytes), value);
      return bytes;
    },
  };
  return type as unknown as MessageType<Input<F>, Decoded<F>>;
}
