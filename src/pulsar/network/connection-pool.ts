import { PulsarError } from '../errors.ts';
import type { Authentication } from './authentication.ts';
import { Connection } from './connection.ts';
import { Limiter } from './limiter.ts';
import type { TlsSettings } from './open-socket.ts';
import { abortedError } from './request-table.ts';
import {
  type Address,
  addressText,
  parseServiceLocation,
  parseServiceUrl,
  type ServiceLocation,
} from './service-url.ts';

/** A Pulsar cluster, and who we are there. */
export interface PulsarService {
  /** `pulsar://host:6650[,host…]`, `pulsar+ssl://…`, `http://…` or `https://…`. */
  readonly serviceUrl: string;
  readonly authentication: Authentication;
  readonly tls: TlsSettings;
}

/** What all connections of a client or session have in common. */
export interface ConnectionPoolOptions extends PulsarService {
  /** Limit of TCP, TLS and CONNECT together. */
  readonly connectionTimeoutMs: number;
  /** Interval of PINGs. */
  readonly keepAliveMs: number;
  /** Connections to one broker, which producers and consumers take in turn. Default 1. */
  readonly connectionsPerBroker?: number;
  /** Lookups on the way at once; more wait. Default: no limit. */
  readonly maxLookups?: number;
  /** Called once for each connection that was open and has ended. */
  readonly onClosed?: ((reason: PulsarError) => void) | undefined;
  /** No host can be reached, because of `error`: resolves when it is worth trying again, rejects when not. */
  readonly whenUnreachable?: ((error: PulsarError, signal: AbortSignal | undefined) => Promise<void>) | undefined;
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

function isUnreachable(error: unknown): error is PulsarError {
  return error instanceof PulsarError && (error.code === 'ConnectError' || error.code === 'Disconnected');
}

/** The connections of one client or session: made when first asked for, at most `connectionsPerBroker` per broker. */
export class ConnectionPool {
  readonly lookups: Limiter;
  private readonly options: ConnectionPoolOptions;
  private readonly connections = new Map<string, Promise<Connection>>();
  private readonly open = new Set<Connection>();
  private readonly opening = new AbortController();
  private current: PulsarService;
  private location: ServiceLocation;
  private nextAddress = 0;
  private nextSlot = 0;

  /** Throws `PulsarError` InvalidUrl; opens nothing. */
  constructor(options: ConnectionPoolOptions) {
    this.options = options;
    this.current = options;
    this.location = parseServiceLocation(options.serviceUrl);
    this.lookups = new Limiter(options.maxLookups ?? Number.POSITIVE_INFINITY);
  }

  /** The service in use. */
  get service(): PulsarService {
    return this.current;
  }

  get isTls(): boolean {
    return this.location.isTls;
  }

  /** Topics are looked up over HTTP. */
  get isHttp(): boolean {
    return this.location.isHttp;
  }

  private get address(): Address {
    const { addresses } = this.location;
    return addresses[this.nextAddress % addresses.length] as Address;
  }

  /** Goes on with another service: what is connected to the present one is disconnected. Throws `PulsarError` InvalidUrl. */
  moveTo(service: PulsarService): void {
    this.location = parseServiceLocation(service.serviceUrl);
    this.current = service;
    this.connections.clear();
    this.nextAddress = 0;
    const reason = new PulsarError('Disconnected', `the client moves to ${service.serviceUrl}`);
    for (const connection of [...this.open]) connection.destroy(reason);
  }

  /** Does `attempt` with one of the service URL's hosts, and with the next when that one cannot be reached. */
  async atService<T>(attempt: (address: Address) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt(this.address);
      } catch (error) {
        this.nextAddress++;
        if (!isUnreachable(error)) throw error;
        if (attempts < this.location.addresses.length) continue;
        if (this.options.whenUnreachable === undefined || this.opening.signal.aborted) throw error;
        await this.options.whenUnreachable(error, signal);
        attempts = 0;
      }
    }
  }

  /** A connection to one of the service URL's hosts; with an HTTP service URL, to a broker that a lookup has named before. */
  async toService(signal?: AbortSignal): Promise<Connection> {
    if (!this.isHttp) return this.atService((address) => this.to(address, undefined, signal), signal);
    for (const connection of this.open) return connection;
    throw new PulsarError('NotConnected', `${this.current.serviceUrl} names no broker: nothing was looked up yet`);
  }

  /** A connection to the broker that a lookup named, through the service URL's proxy if the lookup said so. */
  async toBroker(brokerUrl: string, isProxied: boolean, signal?: AbortSignal): Promise<Connection> {
    const broker = parseServiceUrl(brokerUrl)[0] as Address;
    return isProxied ? this.to(this.address, addressText(broker), signal) : this.to(broker, undefined, signal);
  }

  private to(address: Address, proxyToBrokerUrl: string | undefined, signal?: AbortSignal): Promise<Connection> {
    const { signal: destroyed } = this.opening;
    if (destroyed.aborted) return Promise.reject(destroyed.reason);
    const slot = this.nextSlot++ % (this.options.connectionsPerBroker ?? 1);
    const key = `${slot}>${addressText(address)}>${proxyToBrokerUrl ?? ''}`;
    let connection = this.connections.get(key);
    if (connection === undefined) {
      connection = this.connect(key, address, proxyToBrokerUrl);
      this.connections.set(key, connection);
    }
    return orAborted(connection, `connecting to ${addressText(address)}`, signal);
  }

  private async connect(key: string, address: Address, proxyToBrokerUrl: string | undefined): Promise<Connection> {
    const service = this.current;
    const forget = () => {
      if (service === this.current) this.connections.delete(key);
    };
    try {
      const { authentication, tls } = service;
      const options = { ...this.options, authentication, tls, address, proxyToBrokerUrl };
      const connection = await Connection.open(options, this.opening.signal);
      if (service !== this.current) {
        connection.destroy();
        throw new PulsarError('Disconnected', `the client left ${service.serviceUrl} meanwhile`);
      }
      this.open.add(connection);
      connection.closed.then((reason) => {
        this.open.delete(connection);
        forget();
        this.options.onClosed?.(reason);
      });
      return connection;
    } catch (error) {
      forget();
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
