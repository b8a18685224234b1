import { ConnectionPool } from '../network/connection-pool.ts';
import { acceptsConnections, Failover } from '../network/failover.ts';
import type { ClientSettings } from './client-config.ts';
import type { ClientContext } from './client-context.ts';

/** The connections of a client: to its own cluster, which may fail over, and to those that topics have migrated to. */
export class ClusterPools {
  readonly main: ConnectionPool;
  private readonly failover: Failover | undefined;
  private readonly migrated = new Map<string, ConnectionPool>();
  private readonly open: (serviceUrl?: string) => ConnectionPool;

  /** Opens nothing. */
  constructor(settings: ClientSettings, log: ClientContext['log']) {
    const { services, connectionTimeoutMs, operationTimeoutMs } = settings;
    const common = {
      ...settings,
      onClosed: (reason: { readonly code: string; readonly message: string }) => {
        if (reason.code !== 'AlreadyClosed') log('WARN', reason.message);
      },
    };
    if (services.length > 1) {
      this.failover = new Failover({
        ...settings,
        isReachable: (service) => acceptsConnections(service, connectionTimeoutMs),
        onSwitch: (service) => {
          log('WARN', `the client moves to ${service.serviceUrl}`);
          this.main.moveTo(service);
        },
      });
    }
    const { failover } = this;
    this.main = new ConnectionPool({
      ...services[0],
      ...common,
      whenUnreachable: failover && ((error, signal) => failover.whenSwitched(error, operationTimeoutMs, signal)),
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
