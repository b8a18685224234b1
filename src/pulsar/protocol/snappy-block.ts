import { SnappyCompressor } from 'snappyjs/snappy_compressor.js'; // the package's door brings its decompressor along
import { copyMatch } from './lz4-block.ts';
import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';

/** Compresses to a raw Snappy block. */
export function snappyCompress(source: Uint8Array): Buffer {
  const compressor = new SnappyCompressor(source);
  const target = Buffer.allocUnsafe(compressor.maxCompressedLength());
  return target.subarray(0, compressor.compressToBuffer(target));
}

function littleEndian(source: Uint8Array, from: number, count: number): number {
  if (count > source.length - from) throw new ProtocolError('a Snappy block ends within an element');
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (source[from + i] as number);
  return value;
}

/**
 * Decompresses a raw Snappy block of exactly `size` bytes (format_description.txt of google/snappy). Ours and not that of
 * snappyjs, which loops for ever on a literal length above 2^31.
 */
export function snappyDecompress(source: Buffer, size: number): Buffer {
  const preamble = new Reader(source);
  if (preamble.readUint32() !== size) throw new ProtocolError('a Snappy block states another size than its entry');
  if (size > source.length * 32) throw new ProtocolError('a Snappy block cannot expand that far');
  const target = Buffer.allocUnsafe(size);
  let from = preamble.position;
  let to = 0;
  while (from < source.length) {
    const tag = source[from++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      const extra = Math.max(0, (tag >>> 2) - 59);
      const length = 1 + (extra === 0 ? tag >>> 2 : littleEndian(source, from, extra));
      from += extra;
      if (length > source.length - from || length > size - to) throw new ProtocolError('a Snappy literal overruns');
      target.set(source.subarray(from, from + length), to);
      from += length;
      to += length;
      continue;
    }
    const offsetBytes = kind === 3 ? 4 : kind;
    const length = kind === 1 ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2);
    const offset = littleEndian(source, from, offsetBytes) + (kind === 1 ? (tag >>> 5) << 8 : 0);
    from += offsetBytes;
    if (offset === 0 || offset > to || length > size - to) throw new ProtocolError('a Snappy copy overruns');
    copyMatch(target, to, offset, length);
    to += length;
  }
  if (to !== size) throw new ProtocolError(`a Snappy block holds ${to} bytes, not ${size}`);
  return target;
}
