import { ProtocolError } from './protocol-error.ts';
import type { Reader, WireType } from './reader.ts';
import { integerSize, uint32Size, type Writer } from './writer.ts';

/** How one value travels. `In` is what encoding accepts, `Out` what decoding gives. */
export interface WireValue<In, Out = In> {
  readonly wireType: WireType;
  /** Reads at the reader's position, behind the tag. Throws `ProtocolError` on malformed bytes. */
  read(reader: Reader): Out;
  /** Bytes of the value, without its tag; also where a value without wire form is refused. */
  size(value: In): number;
  /** Writes `size` bytes, without the tag; checks nothing. */
  write(writer: Writer, value: In): void;
}

const TWO_32 = 2 ** 32;
const LATEST = Number.MAX_SAFE_INTEGER;
const ALL_BITS = 0xffffffff;

function requireInteger(value: number, least: number, most: number, kind: string): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new ProtocolError(`${value} is not a valid ${kind}`);
}

/**
 * An unsigned 64-bit id as a number: 2^64-1 is -1 ("earliest", "none"), 2^63-1 is `Number.MAX_SAFE_INTEGER` ("latest"); any
 * other value above 2^53 is refused.
 */
export const u64: WireValue<number> = {
  wireType: 0,
  read(reader) {
    reader.readVarint();
    const { low, high } = reader;
    if (high <= 0x1fffff) return high * TWO_32 + low;
    if (low === ALL_BITS && high === ALL_BITS) return -1;
    if (low === ALL_BITS && high === 0x7fffffff) return LATEST;
    throw new ProtocolError('a 64-bit id does not fit a number');
  },
  size(value) {
    requireInteger(value, -1, LATEST, 'unsigned 64-bit id');
    return value === LATEST ? 9 : integerSize(value);
  },
  write(writer, value) {
    if (value === LATEST) writer.writeHalves(ALL_BITS, 0x7fffffff);
    else writer.writeInteger(value);
  },
};

/** A signed 64-bit value that must fit a number. */
export const i64: WireValue<number> = {
  wireType: 0,
  read(reader) {
    reader.readVarint();
    const value = (reader.high | 0) * TWO_32 + reader.low;
    if (!Number.isSafeInteger(value)) throw new ProtocolError('a signed 64-bit value does not fit a number');
    return value;
  },
  size(value) {
    requireInteger(value, Number.MIN_SAFE_INTEGER, LATEST, 'signed 64-bit value');
    return integerSize(value);
  },
  write: (writer, value) => writer.writeInteger(value),
};

function bigScalar(read: (bits: bigint) => bigint): WireValue<bigint> {
  return {
    wireType: 0,
    read(reader) {
      reader.readVarint();
      return read((BigInt(reader.high) << 32n) | BigInt(reader.low));
    },
    size(value) {
      if (value < -(1n << 63n) || value >= 1n << 64n) throw new ProtocolError('a value needs more than 64 bits');
      let size = 1;
      for (let rest = BigInt.asUintN(64, value) >> 7n; rest > 0n; rest >>= 7n) size++;
      return size;
    },
    write(writer, value) {
      const bits = BigInt.asUintN(64, value);
      writer.writeHalves(Number(bits & 0xffffffffn), Number(bits >> 32n));
    },
  };
}

/** 64 unsigned bits, exact (transaction ids). */
export const bits64: WireValue<bigint> = bigScalar((bits) => bits);
/** 64 signed bits, exact (words of an ack set). */
export const word64: WireValue<bigint> = bigScalar((bits) => BigInt.asIntN(64, bits));

/**
 * 64 bits that are only handed back, such as ids of requests, which Java clients number from a random 62-bit number: a number where it is exact, else
 * a bigint. 2^64-1 is -1 ("no request").
 */
export const opaque64: WireValue<number | bigint> = {
  wireType: 0,
  read(reader) {
    reader.readVarint();
    const { low, high } = reader;
    if (high <= 0x1fffff) return high * TWO_32 + low;
    return low === ALL_BITS && high === ALL_BITS ? -1 : (BigInt(high) << 32n) | BigInt(low);
  },
  size(value) {
    if (typeof value === 'bigint') return bits64.size(value);
    requireInteger(value, -1, Number.MAX_SAFE_INTEGER, 'unsigned 64-bit id');
    return integerSize(value);
  },
  write(writer, value) {
    if (typeof value === 'bigint') bits64.write(writer, value);
    else writer.writeInteger(value);
  },
};

/** An unsigned 32-bit integer. */
export const u32: WireValue<number> = {
  wireType: 0,
  read: (reader) => reader.readUint32(),
  size(value) {
    requireInteger(value, 0, ALL_BITS, 'unsigned 32-bit integer');
    return uint32Size(value);
  },
  write: (writer, value) => writer.writeUint32(value),
};

/** A signed 32-bit integer; also every enum, so that an unknown value of one passes through. */
export const i32: WireValue<number> = {
  wireType: 0,
  read: (reader) => reader.readUint32() | 0,
  size(value) {
    requireInteger(value, -0x80000000, 0x7fffffff, 'signed 32-bit integer');
    return integerSize(value);
  },
  write: (writer, value) => writer.writeInteger(value),
};

/** An enum whose known values are `E`; values this version does not know pass through as they are. */
export function enumeration<E extends number>(): WireValue<E> {
  return i32 as WireValue<number> as WireValue<E>;
}

/** A truth value; every varint but 0 is true. */
export const bool: WireValue<boolean> = {
  wireType: 0,
  read(reader) {
    reader.readVarint();
    return (reader.low | reader.high) !== 0;
  },
  size: () => 1,
  write: (writer, value) => writer.writeUint32(value ? 1 : 0),
};

/** A 64-bit float, little-endian (rates in CONSUMER_STATS_RESPONSE). Reading throws `ProtocolError` beyond the message. */
export const double: WireValue<number> = {
  wireType: 1,
  read(reader) {
    const start = reader.position;
    reader.skip(1);
    return reader.bytes.readDoubleLE(start);
  },
  size: () => 8,
  write(writer, value) {
    writer.position = writer.bytes.writeDoubleLE(value, writer.position);
  },
};

/** UTF-8 with its length in bytes before it; malformed bytes are read as U+FFFD. */
export const text: WireValue<string> = {
  wireType: 2,
  read(reader) {
    const end = reader.readLengthEnd();
    const value = reader.bytes.toString('utf8', reader.position, end);
    reader.position = end;
    return value;
  },
  size(value) {
    const length = Buffer.byteLength(value);
    return uint32Size(length) + length;
  },
  write(writer, value) {
    writer.writeUint32(Buffer.byteLength(value));
    writer.position += writer.bytes.write(value, writer.position);
  },
};

/** Bytes; what decoding gives is a view of the bytes read, not a copy. */
export const bytes: WireValue<Uint8Array, Buffer> = {
  wireType: 2,
  read(reader) {
    const end = reader.readLengthEnd();
    const value = reader.bytes.subarray(reader.position, end);
    reader.position = end;
    return value;
  },
  size: (value) => uint32Size(value.length) + value.length,
  write(writer, value) {
    writer.writeUint32(value.length);
    writer.bytes.set(value, writer.position);
    writer.position += value.length;
  },
};
