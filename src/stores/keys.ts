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

/** Partition key of a connector's inbox: apart from its checkpoints, which are read while it is written. */
export const inboxOf = (uid: string): string => `inbox#${uid}`;

/** Start of the sort keys of the batches that wait in an inbox. */
export const INBOX_BATCH_PREFIX = 'batch#';

/** Key of a batch that waits; batches are read in the order of `place`. */
export const inboxBatchKey = (uid: string, place: string): ItemKey => ({
  pk: inboxOf(uid),
  sk: `${INBOX_BATCH_PREFIX}${place}`,
});

/** Key of the item whose version counts the batches of an inbox that keeps an order. */
export const inboxCounterKey = (uid: string): ItemKey => ({ pk: inboxOf(uid), sk: 'counter' });

/** Key of an inbox's manifest. */
export const manifestKey = (uid: string): ItemKey => ({ pk: inboxOf(uid), sk: 'manifest' });

/** Key of the tombstone of a queue message, by the hexadecimal hash of its id: spread over 256 partition keys, as there is one for each message. */
export const claimKey = (uid: string, idHash: string): ItemKey => ({
  pk: `claims#${uid}#${idHash.slice(0, 2)}`,
  sk: idHash,
});

/** Partition key of the queues that Lambda receives from for connectors. */
export const TRIGGERS = 'triggers';

/** Key of the queue with that Amazon resource name. */
export const triggerKey = (arn: string): ItemKey => ({ pk: TRIGGERS, sk: arn });

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
