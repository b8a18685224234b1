import { ProtocolError } from './protocol-error.ts';

// Block format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md. Ours and not lz4js, because that one starts
// matches within the last twelve bytes, which other decoders refuse, and trusts lengths and offsets when decoding.
const MIN_MATCH = 4;
const LAST_LITERALS = 5;
const MATCH_START_LIMIT = 12;
const MAX_OFFSET = 0xffff;
const HASH_BITS = 14;
const SKIP_TRIGGER = 6;

/** Largest size that `lz4Compress` may produce. */
function compressBound(size: number): number {
  return size + Math.floor(size / 255) + 16;
}

function word(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  );
}

class BlockWriter {
  readonly target: Buffer;
  position = 0;
  private readonly source: Uint8Array;

  constructor(source: Uint8Array) {
    this.source = source;
    this.target = Buffer.allocUnsafe(compressBound(source.length));
  }

  private extend(length: number): void {
    let rest = length;
    for (; rest >= 0xff; rest -= 0xff) this.target[this.position++] = 0xff;
    this.target[this.position++] = rest;
  }

  /** Writes a token and its literals; `matchLength` is without the implied four, 0 for the last sequence. */
  literals(from: number, to: number, matchLength: number): void {
    const count = to - from;
    this.target[this.position++] = (Math.min(count, 15) << 4) | Math.min(matchLength, 15);
    if (count >= 15) this.extend(count - 15);
    this.target.set(this.source.subarray(from, to), this.position);
    this.position += count;
  }

  match(offset: number, matchLength: number): void {
    this.target[this.position++] = offset & 0xff;
    this.target[this.position++] = offset >>> 8;
    if (matchLength >= 15) this.extend(matchLength - 15);
  }
}

/** Compresses to a raw LZ4 block: no frame, no length, no checksum. */
export function lz4Compress(source: Uint8Array): Buffer {
  const writer = new BlockWriter(source);
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  const startLimit = source.length - MATCH_START_LIMIT;
  const matchLimit = source.length - LAST_LITERALS;
  let anchor = 0;
  let position = 0;
  let attempts = 1 << SKIP_TRIGGER;
  while (position < startLimit) {
    const sequence = word(source, position);
    const hash = Math.imul(sequence, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = table[hash] as number;
    table[hash] = position;
    if (candidate < 0 || position - candidate > MAX_OFFSET || word(source, candidate) !== sequence) {
      position += attempts++ >> SKIP_TRIGGER;
      continue;
    }
    attempts = 1 << SKIP_TRIGGER;
    let end = position + MIN_MATCH;
    for (let other = candidate + MIN_MATCH; end < matchLimit && source[end] === source[other]; other++) end++;
    const matchLength = end - position - MIN_MATCH;
    writer.literals(anchor, position, matchLength);
    writer.match(position - candidate, matchLength);
    position = end;
    anchor = end;
  }
  writer.literals(anchor, source.length, 0);
  return writer.target.subarray(0, writer.position);
}

/** Decompresses a raw LZ4 block of exactly `size` bytes; throws `ProtocolError` on anything else, never reads or writes outside. */
export function lz4Decompress(source: Uint8Array, size: number): Buffer {
  if (size > source.length * 255) throw new ProtocolError('an LZ4 block cannot expand that far');
  const target = Buffer.allocUnsafe(size);
  let from = 0;
  let to = 0;
  const length = (base: number): number => {
    let total = base;
    if (base !== 15) return total;
    for (let byte = 255; byte === 255; total += byte) {
      if (from >= source.length) throw new ProtocolError('an LZ4 block ends within a length');
      byte = source[from++] as number;
    }
    return total;
  };
  while (from < source.length) {
    const token = source[from++] as number;
    const literals = length(token >>> 4);
    if (literals > source.length - from || literals > size - to) throw new ProtocolError('LZ4 literals overrun');
    target.set(source.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === source.length) break;
    if (source.length - from < 2) throw new ProtocolError('an LZ4 block ends within an offset');
    const offset = (source[from] as number) | ((source[from + 1] as number) << 8);
    from += 2;
    const match = length(token & 15) + MIN_MATCH;
    if (offset === 0 || offset > to || match > size - to) throw new ProtocolError('an LZ4 match overruns');
    copyMatch(target, to, offset, match);
    to += match;
  }
  if (to !== size) throw new ProtocolError(`an LZ4 block holds ${to} bytes, not ${size}`);
  return target;
}

/** Copies `length` bytes from `offset` back; source and target may overlap, which repeats the pattern. */
export function copyMatch(target: Buffer, to: number, offset: number, length: number): void {
  if (offset >= length && length > 32) {
    target.copyWithin(to, to - offset, to - offset + length);
    return;
  }
  for (let i = to, end = to + length; i < end; i++) target[i] = target[i - offset] as number;
}
