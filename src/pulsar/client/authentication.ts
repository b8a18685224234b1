import { PulsarError } from '../errors.ts';
import type { Authentication } from '../network/authentication.ts';

type TokenSupplier = () => string | Promise<string>;

function requireObject(parameters: unknown): void {
  if (typeof parameters === 'object' && parameters !== null) return;
  throw new PulsarError('InvalidConfiguration', 'Authentication parameter must be a object');
}

function requireTexts(...values: readonly unknown[]): void {
  if (values.every((value) => typeof value === 'string' && value !== '')) return;
  throw new PulsarError('InvalidConfiguration', 'Missing required parameter');
}

/** JSON web token: a string, or a supplier that is asked on every connect and challenge. */
export class AuthenticationToken implements Authentication {
  readonly methodName = 'token';
  private readonly supplier: TokenSupplier;

  /** Throws `PulsarError` InvalidConfiguration when there is no token. */
  constructor(parameters: { readonly token: string | TokenSupplier }) {
    requireObject(parameters);
    const { token } = parameters;
    if (typeof token !== 'function') requireTexts(token);
    this.supplier = typeof token === 'function' ? token : () => token;
  }

  async credentials(): Promise<Buffer> {
    const token = await this.supplier();
    if (typeof token === 'string') return Buffer.from(token);
    throw new PulsarError('ErrorGettingAuthenticationData', 'the token supplier gave no string');
  }
}

/** Client certificate: paths of PEM files. The certificate itself proves who we are, in the TLS handshake. */
export class AuthenticationTls implements Authentication {
  readonly methodName = 'tls';
  readonly clientCertificate: { readonly certificateFilePath: string; readonly privateKeyFilePath: string };

  /** Throws `PulsarError` InvalidConfiguration when a path is missing. */
  constructor(parameters: { readonly certificatePath: string; readonly privateKeyPath: string }) {
    requireObject(parameters);
    const { certificatePath, privateKeyPath } = parameters;
    requireTexts(certificatePath, privateKeyPath);
    this.clientCertificate = { certificateFilePath: certificatePath, privateKeyFilePath: privateKeyPath };
  }

  async credentials(): Promise<undefined> {
    return undefined;
  }
}

/** User name and password. */
export class AuthenticationBasic implements Authentication {
  readonly methodName = 'basic';
  private readonly data: Buffer;

  /** Throws `PulsarError` InvalidConfiguration when a part is missing. */
  constructor(parameters: { readonly username: string; readonly password: string }) {
    requireObject(parameters);
    const { username, password } = parameters;
    requireTexts(username, password);
    this.data = Buffer.from(`${username}:${password}`);
  }

  async credentials(): Promise<Buffer> {
    return this.data;
  }
}

/** What npm `pulsar-client` takes for Athenz, with a private key. */
export interface AthenzConfig {
  tenantDomain: string;
  tenantService: string;
  providerDomain: string;
  privateKey: string;
  ztsUrl: string;
  keyId?: string;
  principalHeader?: string;
  roleHeader?: string;
  caCert?: string;
  tokenExpirationTime?: string;
}

/** What npm `pulsar-client` takes for Athenz, with an X.509 certificate. */
export interface AthenzX509Config {
  providerDomain: string;
  privateKey: string;
  x509CertChain: string;
  ztsUrl: string;
  roleHeader?: string;
  caCert?: string;
}

/** Athenz is not supported: use another of these classes. */
export class AuthenticationAthenz implements Authentication {
  readonly methodName = 'athenz';

  /** Throws `PulsarError` OperationNotSupported. */
  constructor(_parameters?: string | AthenzConfig | AthenzX509Config) {
    const message =
      'Unsupported authentication method: athenz needs tokens of an Athenz server; use AuthenticationToken, AuthenticationTls, AuthenticationOauth2 or AuthenticationBasic';
    throw new PulsarError('OperationNotSupported', message);
  }

  async credentials(): Promise<undefined> {
    return undefined;
  }
}
