const M = 0x5bd1e995;

/** Murmur2 hash, 32 bits, of Kafka's own clients (`Utils.murmur2`): by it they choose the partition of a key. */
export const murmur2 = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = 0x9747b28c ^ bytes.length;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    let word = Math.imul(view.getInt32(at, true), M);
    word ^= word >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  if (at < bytes.length) {
    for (let rest = bytes.length - 1; rest >= at; rest--) hash ^= view.getUint8(rest) << (8 * (rest - at));
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
};

/** Partition of a key, as Kafka's own clients choose it. */
export const partitionOf = (key: Uint8Array, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions;
