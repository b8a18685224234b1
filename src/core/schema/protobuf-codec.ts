import type { Field, Root, Type } from 'protobufjs';
import { exactNumber } from './bytes.ts';
import type { BytesCodec } from './definition.ts';

type Protobuf = Pick<typeof import('protobufjs'), 'Enum' | 'Root' | 'Type' | 'util'>;

let loaded: Promise<Protobuf> | undefined;

/** `protobufjs` with its reader of descriptors, loaded when Protobuf is used for the first time. Rejects with how to install it where it is missing. */
const loadProtobuf = (): Promise<Protobuf> => {
  loaded ??= Promise.all([import('protobufjs/light.js'), import('protobufjs/ext/descriptor.js')]).then(
    ([module]) => (module.default ?? module) as unknown as Protobuf,
    (cause: unknown) => {
      loaded = undefined;
      throw new TypeError('ProtobufNative needs the package protobufjs: npm install protobufjs', { cause });
    },
  );
  return loaded;
};

const typeOf = ({ Root }: Protobuf, text: string): Type => {
  try {
    const { fileDescriptorSet, rootMessageTypeName } = JSON.parse(text) as Record<string, string>;
    const described = Root as unknown as { fromDescriptor(set: Uint8Array): Root };
    return described
      .fromDescriptor(Buffer.from(String(fileDescriptorSet), 'base64'))
      .lookupType(`${rootMessageTypeName}`);
  } catch {
    throw new TypeError(
      'the ProtobufNative schema is no JSON with a fileDescriptorSet that has its rootMessageTypeName',
    );
  }
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** Each member of an array or object, changed; whatever else, as it is. */
const mapMembers = (value: unknown, change: (member: unknown) => unknown): unknown => {
  if (Array.isArray(value)) return value.map(change);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member)]));
};

/** Decoded values have BigInts wherever the type is one of 64 bits. */
const withExactNumbers = (value: unknown): unknown =>
  typeof value === 'bigint' ? exactNumber(value) : mapMembers(value, withExactNumbers);

const longOf = (Long: unknown, value: bigint): unknown =>
  (Long as { fromString(digits: string): unknown }).fromString(String(value));

/** Puts values into the form that `verify` of protobufjs checks: enums as numbers, BigInts as Longs. */
class Normalizer {
  private readonly protobuf: Protobuf;

  constructor(protobuf: Protobuf) {
    this.protobuf = protobuf;
  }

  message(type: Type, value: unknown): unknown {
    if (!isRecord(value)) return value;
    const entries = Object.entries(value).map(([name, member]) => {
      const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
      if (field === undefined) throw new TypeError(`${type.name} has no field ${name}`);
      return [name, this.field(field, member)] as const;
    });
    return Object.fromEntries(entries.filter(([, member]) => member !== undefined && member !== null));
  }

  private field(field: Field, value: unknown): unknown {
    const { resolvedType } = field.resolve();
    const one = (member: unknown) => this.single(resolvedType, member);
    return field.repeated || field.map ? mapMembers(value, one) : one(value);
  }

  private single(type: Field['resolvedType'], value: unknown): unknown {
    const { Enum, Type: MessageType, util } = this.protobuf;
    if (type instanceof MessageType) return this.message(type, value);
    if (type instanceof Enum && typeof value === 'string') return type.values[value] ?? value;
    return typeof value === 'bigint' ? longOf(util.Long, value) : value;
  }
}

/**
 * Protocol Buffers, by a `ProtobufNative` schema: JSON with `fileDescriptorSet` (base64) and `rootMessageTypeName`. Values are plain objects with the
 * field names in camel case; enums are names, bytes are Buffers. Rejects with `TypeError` for a schema that is not valid.
 */
export const protobufCodec = async (schema: string): Promise<BytesCodec> => {
  const protobuf = await loadProtobuf();
  const type = typeOf(protobuf, schema);
  const normalizer = new Normalizer(protobuf);
  return {
    encode: (value) => {
      const normal = normalizer.message(type, value) as Record<string, unknown>;
      const problem = type.verify(normal);
      if (problem !== null) throw new TypeError(`the value does not fit ${type.name}: ${problem}`);
      return type.encode(normal).finish();
    },
    decode: (bytes) => {
      try {
        return withExactNumbers(type.toObject(type.decode(bytes), { longs: BigInt, enums: String, bytes: Buffer }));
      } catch {
        throw new TypeError(`the bytes are no ${type.name}`);
      }
    },
  };
};
