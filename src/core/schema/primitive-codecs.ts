import { exactNumber, sized, toInt64 } from './bytes.ts';
import type { BytesCodec } from './definition.ts';
import { temporalCodecs } from './temporal-codecs.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

const integer = (what: string, bytes: 1 | 2 | 4): BytesCodec => {
  const limit = 2 ** (8 * bytes - 1);
  return {
    encode: (value) => {
      const isIn = typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit;
      if (!isIn) throw new TypeError(`${what} takes an integer from ${-limit} to ${limit - 1}`);
      const buffer = Buffer.alloc(bytes);
      buffer.writeIntBE(value, 0, bytes);
      return buffer;
    },
    decode: (data) => sized(data, bytes, what).readIntBE(0, bytes),
  };
};

const int64: BytesCodec = {
  encode: (value) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64BE(toInt64(value, 'Int64'));
    return buffer;
  },
  decode: (data) => exactNumber(sized(data, 8, 'Int64').readBigInt64BE()),
};

const float = (what: string, bytes: 4 | 8): BytesCodec => ({
  encode: (value) => {
    if (typeof value !== 'number') throw new TypeError(`${what} takes a number`);
    const buffer = Buffer.alloc(bytes);
    if (bytes === 4) buffer.writeFloatBE(value);
    else buffer.writeDoubleBE(value);
    return buffer;
  },
  decode: (data) => {
    const buffer = sized(data, bytes, what);
    return bytes === 4 ? buffer.readFloatBE() : buffer.readDoubleBE();
  },
});

const boolean: BytesCodec = {
  encode: (value) => {
    if (typeof value !== 'boolean') throw new TypeError('Boolean takes true or false');
    return Buffer.from([value ? 1 : 0]);
  },
  decode: (data) => sized(data, 1, 'Boolean')[0] !== 0,
};

const string: BytesCodec = {
  encode: (value) => {
    if (typeof value !== 'string') throw new TypeError('String takes a string');
    return Buffer.from(value, 'utf8');
  },
  decode: (data) => {
    try {
      return utf8.decode(data);
    } catch {
      throw new TypeError('String is not UTF-8');
    }
  },
};

/** Bytes as they are: what no schema, `Bytes`, and the Protobuf schemas mean here. */
export const bytesCodec: BytesCodec = {
  encode: (value) => {
    if (value instanceof Uint8Array) return value;
    throw new TypeError('a Buffer or Uint8Array is needed');
  },
  decode: (data) => Buffer.from(data),
};

/** Java's encodings of the primitive types, by type name (PULSAR-WIRE 5.11): big-endian, one Boolean byte, UTF-8. */
export const primitiveCodecs: Readonly<Partial<Record<string, BytesCodec>>> = {
  String: string,
  Boolean: boolean,
  Int8: integer('Int8', 1),
  Int16: integer('Int16', 2),
  Int32: integer('Int32', 4),
  Int64: int64,
  Float32: float('Float32', 4),
  Float64: float('Float64', 8),
  ...temporalCodecs,
};
