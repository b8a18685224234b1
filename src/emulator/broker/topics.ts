import { partitionTopicName } from '../../core/topic-name.ts';
import { parsePayload } from '../../pulsar/protocol/payload.ts';
import { AdminError, namespaceNotFound, notAllowed, topicNotFound } from './errors.ts';
import { flushCursors, snapshotDedup, trim } from './maintenance.ts';
import type { BrokerSettings } from './options.ts';
import { Dedup } from './state/dedup.ts';
import { EARLIEST } from './state/entry-key.ts';
import type { ClusterStore } from './storage/cluster-store.ts';
import type { CommitQueue } from './storage/commit-queue.ts';
import type { Database } from './storage/database.ts';
import { EntryLog } from './storage/entry-log.ts';
import { EntryStore } from './storage/entry-store.ts';
import type { SchemaStore } from './storage/schema-store.ts';
import type { StoredTopic, TopicStore } from './storage/topic-store.ts';
import type { TransactionStore } from './storage/transaction-store.ts';
import { Topic } from './topic.ts';
import { parseTopicName, type TopicName } from './topic-name.ts';
import { TopicTransactions } from './topic-transactions.ts';

/** Its partitions are the transaction coordinators; there is one, and no message. */
const COORDINATOR_TOPIC = 'persistent://pulsar/system/transaction_coordinator_assign';

/** What the registry of topics is built on. */
export interface TopicsParts {
  readonly db: Database;
  readonly cluster: ClusterStore;
  readonly store: TopicStore;
  readonly schemas: SchemaStore;
  readonly transactions: TransactionStore;
  readonly commits: CommitQueue;
  readonly settings: BrokerSettings;
}

/** All topics of the broker: finds, creates, loads, unloads and deletes them. */
export class Topics {
  readonly #parts: TopicsParts;
  readonly #entries: EntryStore;
  readonly #loaded = new Map<string, Topic>();

  constructor(parts: TopicsParts) {
    this.#parts = parts;
    this.#entries = new EntryStore(parts.db);
  }

  /** Topics in memory. */
  get loaded(): Iterable<Topic> {
    return this.#loaded.values();
  }

  /** An existing topic, loaded if need be. */
  find(name: TopicName): Topic | undefined {
    const topic = this.#loaded.get(name.fullName);
    if (topic) return topic;
    const stored = this.#parts.store.find(name.fullName);
    return stored && this.#load(name, () => stored);
  }

  /**
   * The topic that a client asked for; made when `mayCreate` and the namespace allows it. Throws `BrokerError` TopicNotFound (also for a missing
   * tenant or namespace) also for a partition that a
   * partitioned topic does not have) or NotAllowedError for a partitioned topic's own name.
   */
  open(name: TopicName, mayCreate: boolean): Topic {
    const policies = this.#parts.cluster.policies(name.namespace);
    if (!policies) throw namespaceNotFound();
    const partitions = this.partitions(name);
    if (partitions > 0 && name.partition < 0)
      throw notAllowed(`${name.fullName} is a partitioned topic with ${partitions} partitions`);
    if (partitions > 0 && name.partition >= partitions) {
      throw topicNotFound(name.fullName);
    }
    const topic = this.find(name);
    if (topic) return topic;
    if (!mayCreate || policies.autoTopicCreationOverride?.allowAutoTopicCreation === false)
      throw topicNotFound(name.fullName);
    return this.create(name);
  }

  /** Makes a topic that does not exist. */
  create(name: TopicName): Topic {
    const hasDedup = this.#hasDedup(name, {});
    return this.#load(name, () => this.#parts.store.create(name.fullName, hasDedup ? EARLIEST : null));
  }

  /** True when the topic is stored, loaded or not. */
  exists(name: TopicName): boolean {
    return this.#loaded.has(name.fullName) || this.#parts.store.find(name.fullName) !== undefined;
  }

  /** Number of partitions of the partitioned topic that this name is or belongs to, 0 when there is none. */
  partitions(name: TopicName): number {
    if (name.base === COORDINATOR_TOPIC) return 1;
    return this.#parts.cluster.partitionedTopic(name.base)?.partitions ?? 0;
  }

  /**
   * What PARTITIONED_METADATA answers: 0 = not partitioned. Makes a partitioned topic where the namespace's auto-creation says so. Throws
   * `BrokerError` TopicNotFound.
   */
  partitionedMetadata(name: TopicName, mayCreate: boolean): number {
    const policies = this.#parts.cluster.policies(name.namespace);
    if (!policies) throw namespaceNotFound();
    if (name.partition >= 0) return 0;
    const partitions = this.partitions(name);
    if (partitions > 0 || this.exists(name)) return partitions;
    const creation = policies.autoTopicCreationOverride;
    if (!mayCreate || creation?.allowAutoTopicCreation === false) throw topicNotFound(name.fullName);
    if (creation?.topicType !== 'partitioned') return 0;
    const count = creation.defaultNumPartitions ?? 1;
    this.createPartitioned(name, count, {});
    return count;
  }

  /** Makes or grows a partitioned topic, with its partitions. */
  createPartitioned(name: TopicName, partitions: number, properties: Readonly<Record<string, string>>): void {
    this.#parts.db.transaction(() => {
      this.#parts.cluster.savePartitionedTopic(name.fullName, { partitions, properties });
      for (let i = 0; i < partitions; i++) {
        const partition = parseTopicName(partitionTopicName(name.fullName, i));
        if (!this.exists(partition))
          this.#parts.store.create(partition.fullName, this.#hasDedup(partition, {}) ? EARLIEST : null);
      }
    });
  }

  /** Names of the topics in `tenant/namespace`, partitions included, sorted. */
  list(namespace: string): string[] {
    return this.#parts.store.list(namespace);
  }

  /** Deletes a topic with everything in it. Throws `AdminError` 404, or 412 while clients are connected and `isForced` is false. */
  delete(name: TopicName, isForced: boolean): void {
    const topic = this.find(name);
    if (!topic) throw new AdminError(404, `Topic ${name.fullName} not found`);
    const consumers = [...topic.subscriptions.values()].reduce((sum, { consumers: some }) => sum + some.length, 0);
    const users = topic.producers.size + consumers;
    if (users > 0 && !isForced) throw new AdminError(412, `Topic has ${users} connected producers/consumers`);
    this.#parts.commits.flush();
    topic.disconnectAll();
    topic.stop();
    this.#parts.db.transaction(() => {
      topic.log.deleteAll();
      this.#parts.store.delete(topic.topicId);
      if (name.partition < 0) this.#parts.schemas.delete(name.base);
    });
    this.#loaded.delete(name.fullName);
  }

  /** Takes a topic out of memory: closes producers and consumers, keeps what a broker keeps; the next use starts a new ledger. */
  unload(topic: Topic): void {
    this.#parts.commits.flush();
    topic.disconnectAll();
    topic.stop();
    this.#parts.db.transaction(() => {
      flushCursors(this.#parts.store, topic);
      snapshotDedup(this.#parts.store, topic, []);
    });
    this.#loaded.delete(topic.name.fullName);
  }

  /** Takes a topic out of memory that has what could not be stored: the next use begins with what is stored, as after a kill. */
  forget(topic: Topic): void {
    topic.disconnectAll();
    topic.stop();
    this.#loaded.delete(topic.name.fullName);
  }

  /** Brings deduplication of the loaded topics in line with the policies, in one namespace or in all. */
  applyDedupPolicies(): void {
    this.#parts.commits.flush();
    for (const topic of this.#loaded.values()) {
      const isEnabled = this.#hasDedup(topic.name, topic.policies);
      if (topic.dedup.isEnabled === isEnabled) continue;
      topic.dedup.setEnabled(isEnabled);
      this.#parts.store.resetDedup(topic.topicId, isEnabled ? topic.log.index.lastConfirmed : null);
    }
  }

  #hasDedup(name: TopicName, policies: { readonly deduplicationEnabled?: boolean }): boolean {
    const namespace = this.#parts.cluster.policies(name.namespace);
    return policies.deduplicationEnabled ?? namespace?.deduplicationEnabled ?? this.#parts.settings.deduplication;
  }

  #load(name: TopicName, stored: () => StoredTopic): Topic {
    const { db, store, transactions: pending, commits, settings, cluster } = this.#parts;
    const topic = db.transaction(() => {
      const row = stored();
      const log = new EntryLog(this.#entries, pending, row.topicId, settings.now());
      const dedup = this.#recoverDedup(name, row, log);
      const transactions = new TopicTransactions(log.index, pending, row.topicId);
      const loaded = new Topic(name, row, log, dedup, transactions, commits, settings);
      for (const cursor of store.cursors(row.topicId)) loaded.addSubscription(cursor, true);
      for (const { subscription, transaction, ack } of pending.acks(row.topicId))
        loaded.subscriptions.get(subscription)?.pendingAcks.add(transaction, ack);
      trim(store, loaded, cluster.policies(name.namespace), settings.now());
      return loaded;
    });
    this.#loaded.set(name.fullName, topic);
    return topic;
  }

  /** Snapshot, then the entries after it, those of any transaction too; nothing of what was stored while deduplication was off. */
  #recoverDedup(name: TopicName, { topicId, policies, dedupFrom }: StoredTopic, log: EntryLog): Dedup {
    const { store } = this.#parts;
    const dedup = new Dedup(this.#hasDedup(name, policies));
    if (dedup.isEnabled !== (dedupFrom !== null))
      store.resetDedup(topicId, dedup.isEnabled ? log.index.lastConfirmed : null);
    if (!dedup.isEnabled || dedupFrom === null) return dedup;
    for (const [producerName, sequenceId] of store.dedupSnapshot(topicId)) dedup.restore(producerName, sequenceId);
    for (let page = log.read(dedupFrom + 1, 100, 1024 * 1024); page.length > 0; ) {
      for (const { data } of page) replay(dedup, data);
      page = log.read((page.at(-1)?.key ?? 0) + 1, 100, 1024 * 1024);
    }
    return dedup;
  }
}

/** Counts any entry, chunks too: a broker does so when it replays (GUARANTEES 9). */
function replay(dedup: Dedup, data: Uint8Array): void {
  const parsed = parsePayload(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  if (!parsed.checksumOk) return;
  const { producerName, sequenceId, highestSequenceId } = parsed.metadata;
  dedup.replay(producerName, Math.max(sequenceId, highestSequenceId ?? 0));
}
