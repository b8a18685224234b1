import { murmur3 } from '../../core/murmur3.ts';

/** Hash of a partition key, 31 bits. */
export type HashingScheme = 'Murmur3_32Hash' | 'BoostHash' | 'JavaStringHash';

const POSITIVE = 0x7fffffff;

/** `String.hashCode` of Java. The C++ client hashes UTF-8 bytes instead, and differently on x86 and ARM: not followed here. */
function javaStringHash(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(31, hash) + key.charCodeAt(i)) | 0;
  return hash & POSITIVE;
}

const BOOST_Q = 0x9e3779b97f4a7c15n;
const BOOST_K = 0xdf442d22ce4859b9n;
const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);

function multiplyFold(x: bigint, y: bigint): bigint {
  const product = wrap(x) * wrap(y);
  return wrap(product) ^ (product >> 64n);
}

function boostTail(bytes: Buffer, from: number): bigint {
  const count = bytes.length - from;
  if (count >= 4) {
    const high = BigInt(bytes.readUInt32LE(from + count - 4)) << BigInt((count - 4) * 8);
    return high | BigInt(bytes.readUInt32LE(from));
  }
  if (count === 0) return 0n;
  const at = (offset: number) => BigInt(bytes[from + offset] as number);
  const x1 = (count - 1) & 2;
  const x2 = count >> 1;
  return (at(x1) << BigInt(x1 * 8)) | (at(x2) << BigInt(x2 * 8)) | at(0);
}

/** `boost::hash<std::string>` since Boost 1.82, as the C++ client 3.7 and 4.x is built with (PULSAR-WIRE 5.8). */
function boostHash(bytes: Buffer): number {
  let w = multiplyFold(BOOST_Q, BOOST_K);
  let hash = w ^ BigInt(bytes.length);
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    w = wrap(w + BOOST_Q);
    hash ^= multiplyFold(bytes.readBigUInt64LE(i) + w, BOOST_K);
  }
  w = wrap(w + BOOST_Q);
  hash ^= multiplyFold(boostTail(bytes, i) + w, BOOST_K);
  return Number(multiplyFold(hash + w, BOOST_K) & BigInt(POSITIVE));
}

/** Hashes a key; the partition is the hash modulo the number of partitions. */
export function hashKey(scheme: HashingScheme, key: string): number {
  if (scheme === 'JavaStringHash') return javaStringHash(key);
  return scheme === 'Murmur3_32Hash' ? murmur3(key) : boostHash(Buffer.from(key));
}
