import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planted } from '../../kit/planted.ts';
import type { Place } from '../kit/server.ts';
import { host, type PulsarPort } from './config.ts';

/** Names of the ports of a standalone with TLS. */
export type SecurePort = PulsarPort | 'brokerTls' | 'webTls';

/** Where a broker that asks for credentials is. Its certificate, which it trusts for clients, too, names localhost. */
export interface PulsarSecureAddress {
  /** `pulsar://localhost:N` */
  readonly serviceUrl: string;
  /** `pulsar+ssl://localhost:N` */
  readonly tlsServiceUrl: string;
  /** `http://127.0.0.1:N` */
  readonly adminUrl: string;
  /** `https://localhost:N` */
  readonly tlsAdminUrl: string;
  /** Certificate of server and client: PEM. The role of a client that shows it is `localhost`. */
  readonly certificatePath: string;
  readonly privateKeyPath: string;
}

// Self-signed, for "localhost", made with openssl for tests only.
const fixture = (name: string): string => fileURLToPath(new URL(`../../pulsar/fixtures/${name}`, import.meta.url));
const certificatePath = fixture('localhost.cert.pem');
const privateKeyPath = fixture('localhost.key.pem');
const TOKEN_KEY = Buffer.from(planted('key for tests: 32 bytes or more'));

/** Password of the user `basic-user`. */
export const SECRET_PASSWORD = 'secret';
/** `openssl passwd -apr1` of {@link SECRET_PASSWORD}. */
export const HTPASSWD = 'basic-user:$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0\n';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** A JSON web token (HS256) that the broker takes; `lifeMs` may be negative. */
export const signToken = (role: string, lifeMs?: number, key: Buffer = TOKEN_KEY): string => {
  const claims = { sub: role, ...(lifeMs !== undefined && { exp: (Date.now() + lifeMs) / 1000 }) };
  const signed = `${base64url('{"alg":"HS256"}')}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
};

const provider = (name: string): string => `org.apache.pulsar.broker.authentication.AuthenticationProvider${name}`;

/** Entries of `standalone.conf`. Roles `admin`, `localhost` and `basic-user` may do everything; expired credentials are looked for every second. */
export const securityConf = ({ home, ports }: Place<SecurePort>): Record<string, string | number | boolean> => ({
  brokerServicePortTls: ports.brokerTls,
  webServicePortTls: ports.webTls,
  tlsCertificateFilePath: certificatePath,
  tlsKeyFilePath: privateKeyPath,
  tlsTrustCertsFilePath: certificatePath,
  authenticationEnabled: true,
  authenticationProviders: ['Token', 'Basic', 'Tls'].map(provider).join(','),
  authenticationRefreshCheckSeconds: 1,
  tokenSecretKey: `data:;base64,${TOKEN_KEY.toString('base64')}`,
  basicAuthConf: join(home, 'htpasswd'),
  authorizationEnabled: true,
  superUserRoles: 'admin,localhost,basic-user',
  brokerClientAuthenticationPlugin: 'org.apache.pulsar.client.impl.auth.AuthenticationToken',
  brokerClientAuthenticationParameters: `token:${signToken('admin')}`,
  transactionCoordinatorEnabled: false,
});

/** Addresses of an instance. */
export const secureAddress = ({ ports }: { ports: Readonly<Record<SecurePort, number>> }): PulsarSecureAddress => ({
  serviceUrl: `pulsar://localhost:${ports.broker}`,
  tlsServiceUrl: `pulsar+ssl://localhost:${ports.brokerTls}`,
  adminUrl: `http://${host}:${ports.web}`,
  tlsAdminUrl: `https://localhost:${ports.webTls}`,
  certificatePath,
  privateKeyPath,
});
