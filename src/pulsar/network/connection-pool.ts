import { PulsarError } from '../errors.ts';
import type { Authentication } from './authentication.ts';
import { Connection } from './connection.ts';
import type { TlsSettings } from './open-socket.ts';
import { abortedError } from './request-table.ts';
import { type Address, addressText, parseServiceUrl } from './service-url.ts';

/** What all connections of a client or session have in common. */
export interface ConnectionPoolOptions {
  /** `pulsar://host:6650[,host…]` or `pulsar+ssl://…`. */
  readonly serviceUrl: string;
  readonly authentication: Authentication;
  readonly tls: TlsSettings;
  /** Limit of TCP, TLS and CONNECT together. */
  readonly connectionTimeoutMs: number;
  /** Interval of PINGs. */
  readonly keepAliveMs: number;
  /** Called once for each connection that was open and has ended. */
  readonly onClosed?: ((reason: PulsarError) => void) | undefined;
}

/** Waits for `work`, but no longer than until `signal` fires; the work itself goes on. */
export async function orAborted<T>(work: Promise<T>, what: string, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  if (signal.aborted) throw abortedError(what, signal);
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(abortedError(what, signal));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof PulsarError && (error.code === 'ConnectError' || error.code === 'Disconnected');
}

/** The connections of one client or session: at most one per broker, made when first asked for. */
export class ConnectionPool {
  readonly isTls: boolean;
  private readonly options: ConnectionPoolOptions;
  private readonly serviceAddresses: readonly Address[];
  private readonly connections = new Map<string, Promise<Connection>>();
  private readonly open = new Set<Connection>();
  private readonly opening = new AbortController();
  private nextService = 0;

  /** Throws `PulsarError` InvalidUrl; opens nothing. */
  constructor(options: ConnectionPoolOptions) {
    this.options = options;
    this.serviceAddresses = parseServiceUrl(options.serviceUrl);
    this.isTls = this.serviceAddresses[0]?.isTls === true;
  }

  /** A connection to one of the service URL's hosts; the others are tried when one cannot be reached. */
  async toService(signal?: AbortSignal): Promise<Connection> {
    const count = this.serviceAddresses.length;
    for (let attempt = 1; ; attempt++) {
      const address = this.serviceAddresses[this.nextService % count] as Address;
      try {
        return await this.to(address, undefined, signal);
      } catch (error) {
        this.nextService++;
        if (attempt >= count || !isUnreachable(error)) throw error;
      }
    }
  }

  /** A connection to the broker that a lookup named, through the service URL's proxy if the lookup said so. */
  async toBroker(brokerUrl: string, isProxied: boolean, signal?: AbortSignal): Promise<Connection> {
    const broker = parseServiceUrl(brokerUrl)[0] as Address;
    if (!isProxied) return this.to(broker, undefined, signal);
    const proxy = this.serviceAddresses[this.nextService % this.serviceAddresses.length] as Address;
    return this.to(proxy, addressText(broker), signal);
  }

  private to(address: Address, proxyToBrokerUrl: string | undefined, signal?: AbortSignal): Promise<Connection> {
    const { signal: destroyed } = this.opening;
    if (destroyed.aborted) return Promise.reject(destroyed.reason);
    const key = `${addressText(address)}>${proxyToBrokerUrl ?? ''}`;
    let connection = this.connections.get(key);
    if (connection === undefined) {
      connection = this.connect(key, address, proxyToBrokerUrl);
      this.connections.set(key, connection);
    }
    return orAborted(connection, `connecting to ${addressText(address)}`, signal);
  }

  private async connect(key: string, address: Address, proxyToBrokerUrl: string | undefined): Promise<Connection> {
    try {
      const connection = await Connection.open({ ...this.options, address, proxyToBrokerUrl }, this.opening.signal);
      this.open.add(connection);
      connection.closed.then((reason) => {
        this.open.delete(connection);
        this.connections.delete(key);
        this.options.onClosed?.(reason);
      });
      return connection;
    } catch (error) {
      this.connections.delete(key);
      throw error;
    }
  }

  /** Ends all connections at once, sending nothing more; later calls reject. */
  destroy(reason = new PulsarError('AlreadyClosed', 'the client was closed')): void {
    this.opening.abort(reason);
    for (const connection of [...this.open]) connection.destroy(reason);
  }

  /** Sends what is buffered, then ends all connections. */
  async end(timeoutMs: number): Promise<void> {
    await Promise.all([...this.open].map((connection) => connection.end(timeoutMs)));
    this.destroy();
  }
}
