import { createHmac } from 'node:crypto';
import type { HttpEvent } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { HttpSourceConfig } from './config.ts';
import { isEqualSecret } from './equal-secret.ts';

/** Throws `PIO_UNAUTHORIZED` unless the event carries what the config asks for; takes the same time for every wrong secret. */
export const authenticate = ({ headers, body }: HttpEvent, config: HttpSourceConfig): void => {
  const { secret, secretHeader, signatureSecret, signatureHeader } = config;
  if (secret !== undefined && !isEqualSecret(headerOf(headers, secretHeader), secret))
    throw unauthorized(secretHeader, 'the shared secret');
  if (signatureSecret !== undefined && !isSigned(headerOf(headers, signatureHeader), body, signatureSecret))
    throw unauthorized(signatureHeader, 'the HMAC-SHA256 of the body');
};

/** Value of a request header, whatever the case of its name. */
export const headerOf = (headers: Readonly<Record<string, string>>, name: string): string | undefined => {
  const wanted = name.toLowerCase();
  if (Object.hasOwn(headers, wanted)) return headers[wanted];
  const match = Object.keys(headers).find((it) => it.toLowerCase() === wanted);
  return match === undefined ? undefined : headers[match];
};

const isSigned = (given: string | undefined, body: Buffer, key: string): boolean => {
  const signature = createHmac('sha256', key).update(body).digest();
  const digits = given?.startsWith('sha256=') ? given.slice('sha256='.length) : given;
  const isHex = isEqualSecret(digits?.toLowerCase(), signature.toString('hex'));
  const isBase64 = isEqualSecret(digits, signature.toString('base64'));
  return isHex || isBase64;
};

const unauthorized = (header: string, what: string): PulsarIoError =>
  new PulsarIoError('PIO_UNAUTHORIZED', `the request header ${header} must hold ${what}`);
