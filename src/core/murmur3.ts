/**
 * MurmurHash3 x86_32 with seed 0 over bytes, of a string its UTF-8; sign bit cleared, so 0…2^31-1. Pulsar's `Murmur3_32Hash`, by which a keyed record
 * finds its partition and Key_Shared its consumer (PULSAR-WIRE 5.8).
 */
export const murmur3 = (key: string | Uint8Array): number => {
  const bytes =
    typeof key === 'string' ? Buffer.from(key, 'utf8') : Buffer.from(key.buffer, key.byteOffset, key.length);
  const blocks = bytes.length & ~3;
  let hash = 0;
  for (let i = 0; i < blocks; i += 4) hash = mixBlock(hash, bytes.readInt32LE(i));
  let tail = 0;
  for (let i = bytes.length - 1; i >= blocks; i--) tail = (tail << 8) | (bytes[i] as number);
  if (bytes.length > blocks) hash ^= scramble(tail);
  return finish(hash ^ bytes.length) & 0x7fffffff;
};

const rotateLeft = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

const scramble = (block: number): number => Math.imul(rotateLeft(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);

const mixBlock = (hash: number, block: number): number =>
  (Math.imul(rotateLeft(hash ^ scramble(block), 13), 5) + 0xe6546b64) | 0;

const finish = (hash: number): number => {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
};
