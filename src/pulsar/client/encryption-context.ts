import { CompressionType, type MessageMetadata } from '../protocol/index.ts';

/** Decrypts the payload of an entry or chunk with what its metadata says; undefined when no key fits. */
export type DecryptPayload = (metadata: MessageMetadata, payload: Buffer) => Buffer | undefined;

/** What an encrypted message came with, as in npm `pulsar-client`. */
export interface PublicEncryptionContext {
  keys: { key: string; value: Buffer; metadata: { [key: string]: string } }[];
  param: Buffer;
  algorithm: string;
  compressionType: 'None' | 'Zlib' | 'LZ4' | 'ZSTD' | 'SNAPPY';
  uncompressedMessageSize: number;
  /** Messages in the entry's batch; -1 when it is none. */
  batchSize: number;
  isDecryptionFailed: boolean;
}

const compressionNames: Readonly<Record<number, PublicEncryptionContext['compressionType']>> = {
  [CompressionType.NONE]: 'None',
  [CompressionType.LZ4]: 'LZ4',
  [CompressionType.ZLIB]: 'Zlib',
  [CompressionType.ZSTD]: 'ZSTD',
  [CompressionType.SNAPPY]: 'SNAPPY',
};

/** The form that `Message.getEncryptionContext` gives. */
export function publicEncryptionContext({ metadata, isDecryptionFailed }: EncryptionContext): PublicEncryptionContext {
  return {
    keys: metadata.encryptionKeys.map(({ key, value, metadata: pairs }) => ({
      key,
      value: Buffer.from(value),
      metadata: Object.fromEntries(pairs.map((pair) => [pair.key, pair.value])),
    })),
    param: Buffer.from(metadata.encryptionParam ?? []),
    algorithm: metadata.encryptionAlgo ?? '',
    compressionType: compressionNames[metadata.compression ?? 0] ?? 'None',
    uncompressedMessageSize: metadata.uncompressedSize ?? 0,
    batchSize: metadata.numMessagesInBatch ?? -1,
    isDecryptionFailed,
  };
}

/** How a message was encrypted. */
export interface EncryptionContext {
  readonly metadata: MessageMetadata;
  /** The value is still encrypted (and compressed, and a whole batch if it was one). */
  readonly isDecryptionFailed: boolean;
}
