import type { MessageMetadata } from '../protocol/index.ts';

/** Decrypts the payload of an entry or chunk with what its metadata says; undefined when no key fits. */
export type DecryptPayload = (metadata: MessageMetadata, payload: Buffer) => Buffer | undefined;

/** How a message was encrypted. */
export interface EncryptionContext {
  readonly metadata: MessageMetadata;
  /** The value is still encrypted (and compressed, and a whole batch if it was one). */
  readonly isDecryptionFailed: boolean;
}
