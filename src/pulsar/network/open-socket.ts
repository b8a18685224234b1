import { readFile } from 'node:fs/promises';
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { PulsarError } from '../errors.ts';
import type { Authentication } from './authentication.ts';
import { type Address, addressText } from './service-url.ts';

/** Settings of `pulsar+ssl://` connections; the paths are PEM files. */
export interface TlsSettings {
  /** Certificates to trust instead of Node's own roots. */
  readonly trustCertsFilePath?: string | undefined;
  readonly certificateFilePath?: string | undefined;
  readonly privateKeyFilePath?: string | undefined;
  /** Accept any server certificate. Default false. */
  readonly allowInsecureConnection?: boolean | undefined;
  /** Require that the certificate names the host. Default true. */
  readonly validateHostname?: boolean | undefined;
}

/** What TLS is made with: the settings' files, read. `AuthenticationTls` wins over the settings' client certificate. */
export async function loadTls(tls: TlsSettings, authentication: Authentication): Promise<ConnectionOptions> {
  const certificate = authentication.clientCertificate ?? tls;
  const load = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
  const [ca, cert, key] = await Promise.all([
    load(tls.trustCertsFilePath),
    load(certificate.certificateFilePath),
    load(certificate.privateKeyFilePath),
  ]);
  return {
    rejectUnauthorized: tls.allowInsecureConnection !== true,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(tls.validateHostname === false && { checkServerIdentity: () => undefined }),
  };
}

async function openTls(address: Address, tls: TlsSettings, authentication: Authentication): Promise<Socket> {
  const { host, port } = address;
  const options = await loadTls(tls, authentication);
  return tlsConnect({ ...options, host, port, ...(isIP(host) === 0 && { servername: host }) });
}

/** Opens a TCP or TLS socket; rejects with `PulsarError` ConnectError, or Aborted when `signal` fires first. */
export async function openSocket(
  address: Address,
  tls: TlsSettings,
  authentication: Authentication,
  signal: AbortSignal,
): Promise<Socket> {
  const failed = (cause: unknown) =>
    new PulsarError('ConnectError', `cannot connect to ${addressText(address)}`, { cause });
  let socket: Socket;
  try {
    socket = address.isTls
      ? await openTls(address, tls, authentication)
      : tcpConnect({ host: address.host, port: address.port });
  } catch (cause) {
    throw failed(cause);
  }
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      socket.off('error', onError);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const onError = (cause: unknown) => settle(() => reject(failed(cause)));
    const onAbort = () =>
      settle(() => {
        socket.on('error', () => undefined);
        socket.destroy();
        reject(failed(signal.reason));
      });
    socket.once('error', onError);
    socket.once(address.isTls ? 'secureConnect' : 'connect', () => settle(() => resolve(socket)));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
