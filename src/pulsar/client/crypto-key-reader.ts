import { readFileSync } from 'node:fs';
import { PulsarError } from '../errors.ts';

/** A key in PEM, and what to write beside its name. */
export interface EncryptionKeyInfo {
  key: Buffer;
  metadata: { [key: string]: string };
}

/** Gives RSA keys by their names: subclass it and override both, or the one that is needed. Asked when a data key is wrapped or first unwrapped. */
export class CryptoKeyReader {
  /** The key to encrypt for `keyName`; a throw is a CryptoError. */
  getPublicKey(keyName: string, _metadata: { [key: string]: string }): EncryptionKeyInfo {
    throw new Error(`this CryptoKeyReader has no public key ${keyName}: override getPublicKey`);
  }

  /** The key to decrypt what was encrypted for `keyName`, with the metadata that its writer gave; a throw is a CryptoError. */
  getPrivateKey(keyName: string, _metadata: { [key: string]: string }): EncryptionKeyInfo {
    throw new Error(`this CryptoKeyReader has no private key ${keyName}: override getPrivateKey`);
  }
}

/** The same PEM files for every key name (`publicKeyPath`, `privateKeyPath`). */
export function fileKeyReader(paths: { readonly publicKey?: string; readonly privateKey?: string }): CryptoKeyReader {
  const read = (path: string | undefined, kind: string): EncryptionKeyInfo => {
    if (path === undefined) throw new PulsarError('CryptoError', `no path of a ${kind} key is configured`);
    return { key: readFileSync(path), metadata: {} };
  };
  return {
    getPublicKey: () => read(paths.publicKey, 'public'),
    getPrivateKey: () => read(paths.privateKey, 'private'),
  };
}

/** Calls a key reader; throws `PulsarError` CryptoError when it throws, or gives no key. */
export function askForKey(keyName: string, ask: () => EncryptionKeyInfo): EncryptionKeyInfo {
  let info: EncryptionKeyInfo;
  try {
    info = ask();
  } catch (cause) {
    throw new PulsarError('CryptoError', `the key ${keyName} cannot be read`, { cause });
  }
  if (typeof info === 'object' && info !== null && Buffer.isBuffer(info.key)) return info;
  throw new PulsarError('CryptoError', `the key reader gave no { key: Buffer, metadata } for ${keyName}`);
}

/** `cryptoKeyReader`, or else the files. Throws `PulsarError` InvalidConfiguration for something that is no key reader. */
export function keyReaderOption(
  action: string,
  reader: unknown,
  paths: { readonly publicKey?: string | undefined; readonly privateKey?: string | undefined },
): CryptoKeyReader | undefined {
  const given = reader as Partial<CryptoKeyReader> | null | undefined;
  if (typeof given?.getPublicKey === 'function' && typeof given.getPrivateKey === 'function') {
    return given as CryptoKeyReader;
  }
  if (reader !== undefined && reader !== null) {
    const message = 'cryptoKeyReader must be a CryptoKeyReader with getPublicKey and getPrivateKey';
    throw new PulsarError('InvalidConfiguration', `Failed to ${action}: ${message}`);
  }
  const { publicKey, privateKey } = paths;
  if (publicKey === undefined && privateKey === undefined) return undefined;
  return fileKeyReader({ ...(publicKey && { publicKey }), ...(privateKey && { privateKey }) });
}
