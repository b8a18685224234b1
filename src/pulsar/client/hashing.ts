/** Hash of a partition key, 31 bits. */
export type HashingScheme = 'Murmur3_32Hash' | 'BoostHash' | 'JavaStringHash';

const POSITIVE = 0x7fffffff;

/** `String.hashCode` of Java. The C++ client hashes UTF-8 bytes instead, and differently on x86 and ARM: not followed here. */
function javaStringHash(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(31, hash) + key.charCodeAt(i)) | 0;
  return hash & POSITIVE;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function scramble(word: number): number {
  return Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

/** MurmurHash3 x86_32 of bytes with seed 0, unsigned. */
export function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = 0;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    hash = (Math.imul(rotateLeft(hash ^ scramble(view.getInt32(i, true)), 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= i; at--) tail = (tail << 8) | (bytes[at] as number);
  if (i < bytes.length) hash ^= scramble(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
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
  const bytes = Buffer.from(key);
  return scheme === 'Murmur3_32Hash' ? murmur3(bytes) & POSITIVE : boostHash(bytes);
}
