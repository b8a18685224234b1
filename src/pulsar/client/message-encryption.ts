import { constants, createCipheriv, createDecipheriv, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto';
import { PulsarError } from '../errors.ts';
import type { EncryptionKeys, MessageMetadata } from '../protocol/index.ts';
import { askForKey, type CryptoKeyReader } from './crypto-key-reader.ts';
import type { EncryptPayload } from './encode-entry.ts';
import type { DecryptPayload } from './encryption-context.ts';
import { keyValues } from './register.ts';

// End-to-end encryption as C++ and Java do it (PULSAR-WIRE 4): AES-256-GCM with a data key, which is wrapped with RSA-OAEP (SHA-1) for each recipient.

const CIPHER = 'aes-256-gcm';
const DATA_KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ROTATE_MS = 4 * 60 * 60 * 1000;
/** Data keys that a consumer remembers. */
const MAX_DATA_KEYS = 1000;
const PADDING = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' } as const;

/** For whom a producer encrypts. */
export interface EncryptionSettings {
  readonly keyNames: readonly string[];
  readonly keyReader: CryptoKeyReader;
  /** SEND: what cannot be encrypted is sent as it is. */
  readonly failureAction: 'FAIL' | 'SEND';
  /** Hears why something is sent as it is. */
  readonly onFailure: (error: unknown) => void;
  /** Monotonic clock; the data key is replaced every four hours. */
  readonly nowMs: () => number;
}

interface DataKey {
  readonly key: Buffer;
  readonly wrapped: readonly EncryptionKeys[];
  readonly madeAtMs: number;
}

function wrap(dataKey: Buffer, name: string, reader: CryptoKeyReader): EncryptionKeys {
  const info = askForKey(name, () => reader.getPublicKey(name, {}));
  try {
    const value = publicEncrypt({ key: info.key, ...PADDING }, dataKey);
    return { key: name, value, metadata: keyValues(info.metadata) };
  } catch (cause) {
    throw new PulsarError('CryptoError', `the public key ${name} is no RSA key in PEM`, { cause });
  }
}

function encryptWith({ key, wrapped }: DataKey, payload: Uint8Array): ReturnType<EncryptPayload> {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  const body = Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  return { payload: body, fields: { encryptionKeys: wrapped, encryptionParam: iv } };
}

/** Encrypts payloads for the named keys. With FAIL it throws `PulsarError` CryptoError when a key cannot be had. */
export function payloadEncrypter(settings: EncryptionSettings): EncryptPayload {
  const { keyNames, keyReader, failureAction, onFailure, nowMs } = settings;
  let dataKey: DataKey | undefined;
  const currentKey = (): DataKey => {
    if (dataKey !== undefined && nowMs() - dataKey.madeAtMs < ROTATE_MS) return dataKey;
    const key = randomBytes(DATA_KEY_BYTES);
    dataKey = { key, wrapped: keyNames.map((name) => wrap(key, name, keyReader)), madeAtMs: nowMs() };
    return dataKey;
  };
  return (payload) => {
    try {
      return encryptWith(currentKey(), payload);
    } catch (error) {
      if (failureAction === 'FAIL') throw error;
      onFailure(error);
      return { payload, fields: {} };
    }
  };
}

function decryptWith(key: Buffer, iv: Uint8Array, sealed: Buffer): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function unwrap({ key: name, value, metadata }: EncryptionKeys, reader: CryptoKeyReader): Buffer {
  const properties = Object.fromEntries(metadata.map((one) => [one.key, one.value]));
  const { key } = askForKey(name, () => reader.getPrivateKey(name, properties));
  return privateDecrypt({ key, ...PADDING }, value);
}

/** Decrypts with the private keys of a reader; unwrapped data keys are remembered. `onFailure` hears why a key does not fit. */
export function payloadDecrypter(reader: CryptoKeyReader, onFailure: (error: unknown) => void): DecryptPayload {
  const dataKeys = new Map<string, Buffer>();
  const dataKeyOf = (wrapped: EncryptionKeys): Buffer | undefined => {
    const id = wrapped.value.toString('latin1');
    const known = dataKeys.get(id);
    if (known !== undefined) return known;
    try {
      const key = unwrap(wrapped, reader);
      if (dataKeys.size >= MAX_DATA_KEYS) dataKeys.delete(dataKeys.keys().next().value ?? '');
      dataKeys.set(id, key);
      return key;
    } catch (error) {
      onFailure(error);
      return undefined;
    }
  };
  return ({ encryptionKeys, encryptionParam }: MessageMetadata, payload) => {
    for (const wrapped of encryptionKeys) {
      const key = dataKeyOf(wrapped);
      const opened = key && decryptWith(key, encryptionParam ?? Buffer.alloc(0), payload);
      if (opened !== undefined) return opened;
    }
    return undefined;
  };
}
