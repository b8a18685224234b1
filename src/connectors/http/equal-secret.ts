import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares digests, so that neither the length nor the first wrong character shows in the time taken. */
export const isEqualSecret = (given: string | undefined, expected: string): boolean =>
  timingSafeEqual(sha256(given ?? ''), sha256(expected)) && given !== undefined;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
