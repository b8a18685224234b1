import { hash } from 'node:crypto';
import type { ItemKey } from '../core/item-store.ts';
import type { ConnectorName } from '../core/registry.ts';

/** Start of the sort keys of a connector's checkpoints. */
export const CHECKPOINT_PREFIX = 'ckpt#';

/** Partition key of all that is stored for a connector but its registration. */
export const connectorState = (uid: string): string => `c#${uid}`;

/** Key of the lease and status of an instance. */
export const leaseKey = (uid: string, instance: number): ItemKey => ({
  pk: connectorState(uid),
  sk: `lease#${instance}`,
});

/** Key of the checkpoint of a source partition or topic-partition. */
export const checkpointKey = (uid: string, partition: string): ItemKey => ({
  pk: connectorState(uid),
  sk: `${CHECKPOINT_PREFIX}${partition}`,
});

/** A path segment in which no `/` is left. */
const segment = (text: string): string => text.replace(/[%/]/g, encodeURIComponent);

/** Start of the sort keys of a namespace's connectors. */
export const namespacePrefix = (tenant: string, namespace: string): string =>
  `${segment(tenant)}/${segment(namespace)}/`;

/** Partition key of one shard of the connectors. */
export const shardOfConnectors = (index: number): string => `connectors#${index}`;

/** Key of a connector's registration. The shard is a hash of the path, so it stays as long as `shards` does. */
export const connectorKey = ({ tenant, namespace, name }: ConnectorName, shards: number): ItemKey => {
  const sk = namespacePrefix(tenant, namespace) + segment(name);
  return { pk: shardOfConnectors(hash('sha256', sk, 'buffer').readUInt32BE(0) % shards), sk };
};
