import { PulsarError } from '../errors.ts';

/** Where a TCP connection goes. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

/** A service URL, read. */
export interface ServiceLocation {
  /** Topics are looked up over HTTP; brokers are then talked to as always. */
  readonly isHttp: boolean;
  readonly isTls: boolean;
  /** At least one. */
  readonly addresses: readonly Address[];
}

interface Scheme {
  readonly port: number;
  readonly isTls: boolean;
  readonly isHttp: boolean;
}

const SCHEMES = new Map<string, Scheme>([
  ['pulsar', { port: 6650, isTls: false, isHttp: false }],
  ['pulsar+ssl', { port: 6651, isTls: true, isHttp: false }],
  ['http', { port: 8080, isTls: false, isHttp: true }],
  ['https', { port: 8443, isTls: true, isHttp: true }],
]);

/** Reads `scheme://host[:port][,host[:port]…]` with the schemes pulsar, pulsar+ssl, http and https. Throws `PulsarError` InvalidUrl. */
export function parseServiceLocation(url: string): ServiceLocation {
  const schemeEnd = url.indexOf('://');
  const name = url.slice(0, Math.max(schemeEnd, 0));
  const scheme = SCHEMES.get(name);
  if (scheme === undefined) throw new PulsarError('InvalidUrl', `Invalid scheme: ${name}`);
  const hosts = url
    .slice(schemeEnd + 3)
    .replace(/\/$/, '')
    .split(',');
  const addresses = hosts.map((text) => parseHost(text.trim(), scheme.isTls, scheme.port));
  return { isHttp: scheme.isHttp, isTls: scheme.isTls, addresses };
}

/** Reads the address of a broker: `pulsar://host[:6650]` or `pulsar+ssl://…`. Throws `PulsarError` InvalidUrl. */
export function parseServiceUrl(url: string): readonly Address[] {
  const { isHttp, addresses } = parseServiceLocation(url);
  if (isHttp)
    throw new PulsarError('InvalidUrl', `${url} is not the address of a broker: that is pulsar:// or pulsar+ssl://`);
  return addresses;
}

function parseHost(text: string, isTls: boolean, defaultPort: number): Address {
  const match = /^(\[[^\]]+\]|[^:/\s]+)(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1]?.replace(/^\[|\]$/g, '');
  const port = Number(match?.[2] ?? defaultPort);
  if (host === undefined || port > 65535)
    throw new PulsarError('InvalidUrl', `${JSON.stringify(text)} is not host:port`);
  return { host, port, isTls };
}

/** `host:port`, as CONNECT.proxy_to_broker_url and logs want it. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
