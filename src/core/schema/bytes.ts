/** A buffer over the same bytes. Throws `TypeError` unless there are `size` of them. */
export const sized = (bytes: Uint8Array, size: number, what: string): Buffer => {
  if (bytes.length === size) return Buffer.from(bytes.buffer, bytes.byteOffset, size);
  throw new TypeError(`${what} has ${size} bytes, not ${bytes.length}`);
};

/** A 64-bit integer as a number where that is exact, else as BigInt. */
export const exactNumber = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** A 64-bit integer given as a safe integer or a BigInt. Throws `TypeError` for anything else. */
export const toInt64 = (value: unknown, what: string): bigint => {
  const given = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof given === 'bigint' && BigInt.asIntN(64, given) === given) return given;
  throw new TypeError(`${what} takes a safe integer or a BigInt of 64 bits`);
};
