import { keyOf } from './state/entry-key.ts';
import type { Ledger } from './state/ledger-index.ts';
import type { NamespacePolicies } from './storage/cluster-store.ts';
import type { TopicStore } from './storage/topic-store.ts';
import type { Topic } from './topic.ts';

const BYTES_PER_MB = 1024 * 1024;
/** A non-durable subscription whose consumer a seek closed waits so long for it to come back. */
const EMPTY_READER_MS = 60_000;

/** Stores the cursors that changed. Call in a transaction. */
export function flushCursors(store: TopicStore, topic: Topic): void {
  for (const subscription of topic.subscriptions.values()) {
    if (!subscription.isDirty) continue;
    const snapshot = subscription.cursor.snapshot();
    store.saveCursor(topic.topicId, { name: subscription.name, properties: subscription.properties, ...snapshot });
    subscription.flushedVersion = subscription.cursor.version;
    subscription.flushedMarkDelete = snapshot.markDelete;
  }
}

/** Stores what deduplication knows, so that the entries up to now need not be replayed. Call in a transaction. */
export function snapshotDedup(store: TopicStore, topic: Topic, forgotten: readonly string[]): void {
  if (!topic.dedup.isEnabled) return;
  store.saveDedup(topic.topicId, topic.dedup.takeChanges(), forgotten, topic.log.index.lastConfirmed);
  topic.entriesSinceSnapshot = 0;
}

/**
 * Deletes whole closed ledgers that every durable subscription has acknowledged (durably) and that retention does not keep. A topic without
 * durable subscriptions keeps nothing but its open ledger, so it is empty after it was loaded again (T6). Unlike in Pulsar, where a topic
 * without subscriptions is deleted after 60 s, the topic itself stays. Call in a transaction.
 */
export function trim(store: TopicStore, topic: Topic, policies: NamespacePolicies | undefined, nowMs: number): void {
  const { ledgers } = topic.log.index;
  const durable = [...topic.subscriptions.values()].filter(({ isDurable }) => isDurable);
  const slowest = Math.min(...durable.map(({ flushedMarkDelete }) => flushedMarkDelete));
  const isTrimmable = ({ ledgerId, entries }: Ledger): boolean => {
    const closedAtMs = (ledgers[1] as Ledger).createdAtMs;
    return keyOf(ledgerId, entries - 1) <= slowest && !isRetained(policies, ledgers, nowMs - closedAtMs);
  };
  let isFirst = true;
  while (ledgers.length > 1 && isTrimmable(ledgers[0] as Ledger)) {
    if (isFirst) snapshotDedup(store, topic, []);
    isFirst = false;
    topic.log.deleteOldest();
  }
}

/** Pulsar's default retention keeps nothing; a limit of -1 is no limit. */
function isRetained(policies: NamespacePolicies | undefined, ledgers: readonly Ledger[], ageMs: number): boolean {
  const retention = policies?.retention_policies;
  if (!retention) return false;
  const { retentionTimeInMinutes: minutes, retentionSizeInMB: megabytes } = retention;
  const bytes = ledgers.reduce((sum, ledger) => sum + ledger.bytes, 0);
  return (minutes < 0 || ageMs < minutes * 60_000) && (megabytes < 0 || bytes <= megabytes * BYTES_PER_MB);
}

/** Acknowledges what is older than the namespace's time to live, on every subscription. */
export function expireMessages(topic: Topic, policies: NamespacePolicies | undefined, nowMs: number): void {
  const seconds = policies?.message_ttl_in_seconds ?? 0;
  if (seconds <= 0) return;
  const end = topic.log.index.previous(topic.log.firstPublishedSince(nowMs - seconds * 1000));
  for (const subscription of topic.subscriptions.values()) subscription.skipThrough(end);
}

/** Forgets producer names that left long ago, and stores that. Call in a transaction. */
export function purgeDedup(store: TopicStore, topic: Topic, cutoffMs: number): void {
  const forgotten = topic.dedup.purge(cutoffMs);
  if (forgotten.length > 0) snapshotDedup(store, topic, forgotten);
}

/** Removes non-durable subscriptions whose consumer never came back after a seek. */
export function removeEmptyReaders(topic: Topic, nowMs: number): void {
  for (const subscription of topic.subscriptions.values()) {
    if (subscription.emptySinceMs === undefined || nowMs - subscription.emptySinceMs < EMPTY_READER_MS) continue;
    subscription.stop();
    topic.subscriptions.delete(subscription.name);
  }
}
