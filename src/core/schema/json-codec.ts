import { parseWithBigInts, stringifyExact } from '../exact-json.ts';
import type { BytesCodec } from './definition.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** JSON as UTF-8. Integers that a number cannot hold are BigInt, both ways. The schema itself is not checked against, as in Java. */
export const jsonCodec: BytesCodec = {
  encode: (value) => {
    const text = stringifyExact(value);
    if (text === undefined) throw new TypeError('Json takes a value that JSON can tell');
    return Buffer.from(text, 'utf8');
  },
  decode: (bytes) => {
    try {
      return parseWithBigInts(utf8.decode(bytes));
    } catch {
      throw new TypeError('the bytes are not JSON');
    }
  },
};
