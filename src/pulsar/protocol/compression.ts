import { constants, deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Compression } from '../../core/messaging.ts';
import { CompressionType } from './enums.ts';
import { lz4Compress, lz4Decompress } from './lz4-block.ts';
import { ProtocolError } from './protocol-error.ts';
import { snappyCompress, snappyDecompress } from './snappy-block.ts';

interface Codec {
  compress(source: Uint8Array): Buffer;
  decompress(source: Buffer, size: number): Buffer;
}

const ZSTD_LEVEL = 3;

/** Formats of PULSAR-WIRE section 4. ZLIB streams made by Java end without a final block, hence the sync flush. */
const codecs: Record<Exclude<Compression, 'NONE'>, Codec> = {
  LZ4: { compress: lz4Compress, decompress: lz4Decompress },
  ZLIB: {
    compress: (source) => deflateSync(source),
    decompress: (source, size) =>
      inflateSync(source, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: Math.max(size, 1) }),
  },
  ZSTD: {
    compress: (source) => zstdCompressSync(source, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }),
    decompress: (source, size) => zstdDecompressSync(source, { maxOutputLength: Math.max(size, 1) }),
  },
  SNAPPY: { compress: snappyCompress, decompress: snappyDecompress },
};

const byNumber = new Map<number, Codec>(
  Object.entries(codecs).map(([name, codec]) => [CompressionType[name as Compression], codec]),
);

/** Compresses a payload; NONE returns it as it is. */
export function compressPayload(name: Compression, payload: Uint8Array): Uint8Array {
  return name === 'NONE' ? payload : codecs[name].compress(payload);
}

/**
 * Restores a payload to exactly `uncompressedSize` bytes. Throws `ProtocolError` for an unknown compression, a payload that
 * does not have that size, or a size above `maxBytes` (checked before anything is allocated).
 */
export function decompressPayload(
  compression: number,
  payload: Buffer,
  uncompressedSize: number,
  maxBytes: number,
): Buffer {
  if (compression === CompressionType.NONE) return payload;
  const codec = byNumber.get(compression);
  if (codec === undefined) throw new ProtocolError(`compression ${compression} is not known`);
  if (uncompressedSize > maxBytes) throw new ProtocolError(`${uncompressedSize} bytes uncompressed exceed ${maxBytes}`);
  const restored = decompressWith(codec, payload, uncompressedSize);
  if (restored.length === uncompressedSize) return restored;
  throw new ProtocolError(`a payload of ${uncompressedSize} bytes uncompressed gave ${restored.length}`);
}

function decompressWith(codec: Codec, payload: Buffer, uncompressedSize: number): Buffer {
  try {
    return codec.decompress(payload, uncompressedSize);
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    throw new ProtocolError('a payload cannot be decompressed', { cause });
  }
}
