import { ConnectionPool } from '../network/connection-pool.ts';
import { acceptsConnections, Failover } from '../network/failover.ts';
import type { ClientContext } from './client-context.ts';
import { numberOption } from './option-values.ts';
import { readServiceConfig, type ServiceConfig } from './service-config.ts';

/** Options of a client that concern its connections. */
export interface ConnectionConfig extends ServiceConfig {
  connectionTimeoutMs?: number;
  /** Lookups on the way at once; more wait. Default 50,000. */
  concurrentLookupRequest?: number;
  /** An addition: connections to one broker, which producers and consumers take in turn. Default 1. */
  connectionsPerBroker?: number;
  /** An addition: interval of pings. Default 30 s. */
  keepAliveMs?: number;
}

/** The connections of a client: to its own cluster, which may fail over, and to those that topics have migrated to. */
export class ClusterPools {
  readonly main: ConnectionPool;
  private readonly failover: Failover | undefined;
  private readonly migrated = new Map<string, ConnectionPool>();
  private readonly open: (serviceUrl?: string) => ConnectionPool;

  /** Throws `PulsarError` on a bad configuration; opens nothing. */
  constructor(config: ConnectionConfig, context: Pick<ClientContext, 'operationTimeoutMs' | 'log'>) {
    const { services, ...thresholds } = readServiceConfig(config);
    const connectionTimeoutMs = numberOption(config.connectionTimeoutMs, 1, 10_000);
    const common = {
      connectionTimeoutMs,
      keepAliveMs: numberOption(config.keepAliveMs, 1, 30_000),
      connectionsPerBroker: numberOption(config.connectionsPerBroker, 1, 1),
      maxLookups: numberOption(config.concurrentLookupRequest, 1, 50_000),
      onClosed: (reason: { readonly code: string; readonly message: string }) => {
        if (reason.code !== 'AlreadyClosed') context.log('WARN', reason.message);
      },
    };
    if (services.length > 1) {
      this.failover = new Failover({
        ...thresholds,
        services,
        isReachable: (service) => acceptsConnections(service, connectionTimeoutMs),
        onSwitch: (service) => {
          context.log('WARN', `the client moves to ${service.serviceUrl}`);
          this.main.moveTo(service);
        },
      });
    }
    const { failover } = this;
    this.main = new ConnectionPool({
      ...services[0],
      ...common,
      whenUnreachable:
        failover && ((error, signal) => failover.whenSwitched(error, context.operationTimeoutMs, signal)),
    });
    this.open = (serviceUrl) =>
      new ConnectionPool({ ...this.main.service, ...common, ...(serviceUrl && { serviceUrl }) });
    failover?.start();
  }

  /** The connections to a cluster that a topic has migrated to, with the credentials of the client's own. */
  of(serviceUrl: string): ConnectionPool {
    const pool = this.migrated.get(serviceUrl) ?? this.open(serviceUrl);
    this.migrated.set(serviceUrl, pool);
    return pool;
  }

  /** Stays with the cluster in use. */
  stay(): void {
    this.failover?.stop();
  }

  /** Sends what is buffered, then ends all connections. */
  async end(timeoutMs: number): Promise<void> {
    await Promise.all([this.main, ...this.migrated.values()].map((pool) => pool.end(timeoutMs)));
  }
}
