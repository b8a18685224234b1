/** How a connection proves who it is. `AuthenticationToken`, `AuthenticationTls` and `AuthenticationBasic` implement it. */
export interface Authentication {
  /** CONNECT.auth_method_name: "token", "tls", "basic". */
  readonly methodName: string;
  /** Credentials for CONNECT and for each challenge; asked anew every time, so that an expired token can be replaced. */
  credentials(): Promise<Uint8Array | undefined>;
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
