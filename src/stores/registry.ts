import { type Clock, systemClock } from '../core/clock.ts';
import type { Connector } from '../core/connector.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { ItemStore, StoredItem } from '../core/item-store.ts';
import type { ConnectorName, RegisteredConnector, Registry } from '../core/registry.ts';
import { StoreConflictError } from '../core/store-conflict.ts';
import { connectorKey, namespacePrefix, shardOfConnectors } from './keys.ts';
import { itemPages } from './pages.ts';

/** Options of {@link registry}. */
export interface RegistryOptions {
  /** Of how many shards the index consists. Part of where a connector is found: it stays as it is for the life of a table. */
  readonly shards?: number;
  readonly clock?: Clock;
}

/**
 * What a removed connector leaves, for a day. It makes the version of a name go on growing, so that a slow `update` or `remove`
 * of the old connector cannot hit a new one of the same name at the same version.
 */
const REMOVED = { removed: true } as const;
const REMOVED_KEPT_MS = 24 * 60 * 60 * 1000;

const registeredOf = (item: StoredItem | undefined): RegisteredConnector | undefined => {
  const data = item?.data as Connector | typeof REMOVED | undefined;
  return item && data && !('removed' in data) ? { connector: data, version: item.version } : undefined;
};

const isRegistered = (registered: RegisteredConnector | undefined): registered is RegisteredConnector =>
  registered !== undefined;

/** The connectors over any {@link ItemStore}: one item each, spread over `shards` partition keys. */
export const registry = (items: ItemStore, { shards = 16, clock = systemClock }: RegistryOptions = {}): Registry => {
  const keyOf = (name: ConnectorName) => connectorKey(name, shards);

  const put = async (connector: Connector, ifVersion: number, signal?: AbortSignal): Promise<RegisteredConnector> => {
    const { data, version } = await items.put(keyOf(connector.config), connector, { ifVersion }, signal);
    return { connector: data as Connector, version };
  };

  const shard = async function* (index: number, signal?: AbortSignal) {
    if (!Number.isInteger(index) || index < 0 || index >= shards)
      throw new PulsarIoError('PIO_REQUEST_INVALID', `shard ${index} does not exist: they are 0 to ${shards - 1}`);
    for await (const page of itemPages(items, shardOfConnectors(index), '', signal))
      yield page.map(registeredOf).filter(isRegistered);
  };

  const listShard = async (index: number, prefix: string, signal?: AbortSignal): Promise<Connector[]> => {
    const found: Connector[] = [];
    for await (const page of itemPages(items, shardOfConnectors(index), prefix, signal))
      found.push(
        ...page
          .map(registeredOf)
          .filter(isRegistered)
          .map(({ connector }) => connector),
      );
    return found;
  };

  return {
    shards,
    shard,
    get: async (name, signal) => registeredOf(await items.get(keyOf(name), signal)),

    create: async (connector, signal) => {
      try {
        return await put(connector, 0, signal);
      } catch (error) {
        if (!(error instanceof StoreConflictError) || !error.current || registeredOf(error.current)) throw error;
        return put(connector, error.current.version, signal);
      }
    },

    update: async (registered, connector, signal) => put(connector, registered.version, signal),

    remove: async ({ connector, version }, signal) => {
      const options = { ifVersion: version, expiresAtMs: clock.nowMs() + REMOVED_KEPT_MS };
      try {
        await items.put(keyOf(connector.config), REMOVED, options, signal);
      } catch (error) {
        // Gone already: an earlier try of this removal, or another's.
        if (!(error instanceof StoreConflictError) || registeredOf(error.current)) throw error;
      }
    },

    list: async (tenant, namespace, signal) => {
      const prefix = namespacePrefix(tenant, namespace);
      const all = await Promise.all(Array.from({ length: shards }, (_, index) => listShard(index, prefix, signal)));
      return all.flat().sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
    },
  };
};
