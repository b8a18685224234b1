import type { Connector } from './connector.ts';

/** A connector with the version of its item, for the next conditional write. */
export interface RegisteredConnector {
  readonly connector: Connector;
  readonly version: number;
}

/** Path of a connector. */
export interface ConnectorName {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
}

/** The connectors and their desired state: one item each, one name space for sources and sinks as in Pulsar. */
export interface Registry {
  /** The connector, or undefined; one that is being deleted is returned too. */
  get(name: ConnectorName, signal?: AbortSignal): Promise<RegisteredConnector | undefined>;
  /** Registers a new connector; throws `PIO_STORE_CONFLICT` when the name is taken. */
  create(connector: Connector, signal?: AbortSignal): Promise<RegisteredConnector>;
  /** Replaces a connector; throws `PIO_STORE_CONFLICT` when it changed since it was read. */
  update(registered: RegisteredConnector, connector: Connector, signal?: AbortSignal): Promise<RegisteredConnector>;
  /** Removes a connector; throws `PIO_STORE_CONFLICT` when it changed since it was read. */
  remove(registered: RegisteredConnector, signal?: AbortSignal): Promise<void>;
  /** Connectors of one namespace, ordered by name. */
  list(tenant: string, namespace: string, signal?: AbortSignal): Promise<readonly Connector[]>;
  /** How many shards the index of connectors has; a dispatcher run works for one shard. */
  readonly shards: number;
  /** Every connector of one shard, page by page. */
  shard(index: number, signal?: AbortSignal): AsyncIterable<readonly RegisteredConnector[]>;
}
