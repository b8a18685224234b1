import type { TlsSettings } from './open-socket.ts';

/** Why credentials are asked for, and what a request for them may use. */
export interface CredentialsRequest {
  /** The broker challenged a connection: what was given before is not good any more. */
  readonly isRenewal: boolean;
  /** The client's TLS settings, for an authority that is asked over HTTPS. */
  readonly tls: TlsSettings;
}

/** How a connection proves who it is. The `Authentication…` classes implement it. */
export interface Authentication {
  /** CONNECT.auth_method_name: "token", "tls", "basic". */
  readonly methodName: string;
  /** Credentials for CONNECT, for each challenge and for each HTTP lookup; asked anew every time, so that an expired token can be replaced. */
  credentials(request?: CredentialsRequest): Promise<Uint8Array | undefined>;
  /** Client certificate for mutual TLS: paths of PEM files. */
  readonly clientCertificate?:
    | { readonly certificateFilePath: string; readonly privateKeyFilePath: string }
    | undefined;
}

/** No credentials. */
export const noAuthentication: Authentication = {
  methodName: 'none',
  credentials: async () => undefined,
};
