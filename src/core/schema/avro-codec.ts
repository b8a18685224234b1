import type { Schema, Type, types } from 'avsc';
import { exactNumber, toInt64 } from './bytes.ts';
import type { BytesCodec } from './definition.ts';

type Avsc = { readonly Type: typeof Type; readonly types: typeof types };

let loaded: Promise<Avsc> | undefined;

/** `avsc`, loaded when Avro is used for the first time. Rejects with how to install it where it is missing. */
const loadAvsc = (): Promise<Avsc> => {
  loaded ??= import('avsc').then(
    (module) => (module.default ?? module) as unknown as Avsc,
    (cause: unknown) => {
      loaded = undefined;
      throw new TypeError('Avro needs the package avsc: npm install avsc', { cause });
    },
  );
  return loaded;
};

/** Java's names of nested classes have a `$`, which Avro's grammar of names does not. */
const NAMED = new Set(['name', 'namespace', 'type', 'items', 'values']);
const withoutDollars = (key: string, value: unknown): unknown =>
  typeof value === 'string' && (NAMED.has(key) || /^\d+$/.test(key)) ? value.replaceAll('$', '_') : value;

const parseSchema = (text: string): Schema => {
  try {
    return JSON.parse(text, withoutDollars) as Schema;
  } catch {
    throw new TypeError('the Avro schema is not JSON');
  }
};

/** Avro longs as numbers where that is exact, else as BigInt. */
const longType = ({ types: avroTypes }: Avsc): Type =>
  avroTypes.LongType.__with({
    fromBuffer: (buffer: Buffer) => exactNumber(buffer.readBigInt64LE()),
    toBuffer: (value: unknown) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(toInt64(value, 'an Avro long'));
      return buffer;
    },
    fromJSON: (value: unknown) => value,
    toJSON: (value: unknown) => value,
    isValid: (value: unknown) =>
      typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value),
    compare: (a: number | bigint, b: number | bigint) => (a < b ? -1 : a > b ? 1 : 0),
  });

const typeOf = (avsc: Avsc, text: string): Type => {
  try {
    return avsc.Type.forSchema(parseSchema(text), { registry: { long: longType(avsc) } });
  } catch (error) {
    throw new TypeError(`the Avro schema is not valid: ${error instanceof Error ? error.message : error}`);
  }
};

const resolverOf = (reader: Type, writer: Type) => {
  try {
    return reader.createResolver(writer);
  } catch {
    throw new TypeError("the reader's Avro schema cannot read what the writer's wrote");
  }
};

const copy = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * Avro's binary encoding without header, as Pulsar uses it. Reads what was written with `schema`, as `readerSchema` sees it if that is
 * given; writes with `schema`. Rejects with `TypeError` for a schema that is not valid, or a reader that cannot read it.
 */
export const avroCodec = async (schema: string, readerSchema?: string): Promise<BytesCodec> => {
  const avsc = await loadAvsc();
  const writer = typeOf(avsc, schema);
  const isSame = readerSchema === undefined || readerSchema === schema;
  const reader = isSame ? writer : typeOf(avsc, readerSchema);
  const resolver = isSame ? undefined : resolverOf(reader, writer);
  return {
    encode: (value) => {
      const paths: string[] = [];
      if (!writer.isValid(value, { errorHook: (path) => paths.push(path.join('.')) })) {
        throw new TypeError(`the value does not fit the Avro schema at: ${paths.slice(0, 5).join(', ') || 'the top'}`);
      }
      return writer.toBuffer(value);
    },
    decode: (bytes) => {
      try {
        return reader.fromBuffer(copy(bytes), resolver);
      } catch {
        throw new TypeError('the bytes are not Avro of the given schema');
      }
    },
  };
};
