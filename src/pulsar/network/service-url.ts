import { PulsarError } from '../errors.ts';

/** Where a TCP connection goes. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

const DEFAULT_PORTS: Record<string, number> = { pulsar: 6650, 'pulsar+ssl': 6651 };

/**
 * Reads `pulsar://host[:6650][,host[:port]…]` or `pulsar+ssl://…`. Throws `PulsarError` InvalidUrl; HTTP lookup
 * (`http://`, `https://`) is refused as not supported.
 */
export function parseServiceUrl(url: string): Address[] {
  const schemeEnd = url.indexOf('://');
  const scheme = url.slice(0, Math.max(schemeEnd, 0));
  if (scheme === 'http' || scheme === 'https') {
    throw new PulsarError(
      'InvalidUrl',
      `HTTP lookup is not supported: use pulsar:// or pulsar+ssl:// instead of ${scheme}://`,
    );
  }
  const defaultPort = DEFAULT_PORTS[scheme];
  if (defaultPort === undefined) throw new PulsarError('InvalidUrl', `Invalid scheme: ${scheme}`);
  const hosts = url
    .slice(schemeEnd + 3)
    .replace(/\/$/, '')
    .split(',');
  return hosts.map((text) => parseHost(text.trim(), scheme === 'pulsar+ssl', defaultPort));
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
