import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PulsarIoError } from '../../core/errors.ts';

/** What tokens are checked with: the key, and the algorithms that fit it. */
export interface TokenKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
}

const HMAC = ['HS256', 'HS384', 'HS512'];
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/** A secret key as Pulsar's `tokenSecretKey`, shared with whoever makes tokens. Throws `PIO_CONFIG_INVALID` for less than the 32 bytes that HS256 needs. */
export const readSecretKey = (bytes: Buffer): TokenKey => {
  if (bytes.length < 32) refuse('TOKEN_SECRET_KEY', `has ${bytes.length} bytes; HS256 needs at least 32`);
  return { key: createSecretKey(bytes), algorithms: HMAC.filter((_, index) => bytes.length >= 32 + 16 * index) };
};

/** A public key as Pulsar's `tokenPublicKey`: X.509 SubjectPublicKeyInfo, as DER or PEM. Throws `PIO_CONFIG_INVALID`. */
export const readPublicKey = (bytes: Buffer): TokenKey => {
  const key = parsePublicKey(bytes);
  if (key.asymmetricKeyType === 'rsa') return { key, algorithms: RSA };
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType === 'ec' && curve) return { key, algorithms: [curve] };
  return refuse('TOKEN_PUBLIC_KEY', `is of type ${key.asymmetricKeyType}; RSA and EC (P-256, P-384, P-521) are known`);
};

const parsePublicKey = (bytes: Buffer): KeyObject => {
  const isPem = bytes.includes('-----BEGIN');
  try {
    return isPem ? createPublicKey(bytes) : createPublicKey({ key: bytes, format: 'der', type: 'spki' });
  } catch {
    return refuse('TOKEN_PUBLIC_KEY', 'is no public key in X.509 form (DER or PEM)');
  }
};

/**
 * Bytes of a key setting in the forms that Pulsar's `AuthTokenUtils.readKeyFromUrl` takes: `data:…;base64,…`, `file:/path`, or base64 text; PEM as it is.
 * Throws `PIO_CONFIG_INVALID` when the file cannot be read.
 */
export const readKeyBytes = async (variable: string, setting: string): Promise<Buffer> => {
  const text = setting.trim();
  const [, encoding, data] = /^data:[^,]*?(;base64)?,(.*)$/s.exec(text) ?? [];
  if (data !== undefined) return encoding ? Buffer.from(data, 'base64') : Buffer.from(decodeURIComponent(data));
  if (text.startsWith('file:')) return readKeyFile(variable, text);
  if (text.includes('-----BEGIN')) return Buffer.from(text);
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : refuse(variable, 'is no base64 text');
};

const readKeyFile = async (variable: string, url: string): Promise<Buffer> => {
  try {
    return await readFile(fileURLToPath(url.replace(/^file:(?!\/\/)/, 'file://')));
  } catch (cause) {
    return refuse(
      variable,
      `names a file that cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'no file URL'})`,
    );
  }
};

const refuse = (variable: string, what: string): never => {
  throw new PulsarIoError(
    'PIO_CONFIG_INVALID',
    `${variable} ${what}. Make one with: pulsar tokens create-secret-key --base64, or pulsar tokens create-key-pair`,
  );
};
