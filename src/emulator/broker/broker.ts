import type { Connection } from './connection.ts';
import { expireMessages, flushCursors, purgeDedup, removeEmptyReaders, snapshotDedup, trim } from './maintenance.ts';
import type { BrokerSettings } from './options.ts';
import { ClusterStore } from './storage/cluster-store.ts';
import { CommitQueue } from './storage/commit-queue.ts';
import { Database } from './storage/database.ts';
import { SchemaStore } from './storage/schema-store.ts';
import { TopicStore } from './storage/topic-store.ts';
import { TransactionStore } from './storage/transaction-store.ts';
import { DEDUP_SNAPSHOT_ENTRIES } from './topic.ts';
import { Topics } from './topics.ts';
import { Transactions } from './transactions.ts';

/** Name of the only cluster, as a standalone Pulsar calls it. */
export const CLUSTER_NAME = 'standalone';

/** Where clients reach this broker. */
export interface Addresses {
  /** Host to advertise; undefined = the local address of the client's own connection. */
  readonly advertisedHost: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
}

/** The broker without its sockets: stores, topics, connections and the work that timers do. */
export class Broker {
  readonly settings: BrokerSettings;
  readonly db: Database;
  readonly cluster: ClusterStore;
  readonly topicStore: TopicStore;
  readonly schemas: SchemaStore;
  readonly commits: CommitQueue;
  readonly topics: Topics;
  readonly transactionStore: TransactionStore;
  readonly transactions: Transactions;
  readonly connections = new Set<Connection>();
  addresses: Addresses = { advertisedHost: undefined, host: '127.0.0.1', port: 0, httpPort: 0 };
  #timers: NodeJS.Timeout[] = [];

  /** Opens the data directory; throws when another broker has it. */
  constructor(dataDir: string, settings: BrokerSettings) {
    this.settings = settings;
    this.db = new Database(dataDir);
    const { db } = this;
    this.cluster = new ClusterStore(db, CLUSTER_NAME);
    this.topicStore = new TopicStore(db);
    this.schemas = new SchemaStore(db);
    this.commits = new CommitQueue(db);
    this.transactionStore = new TransactionStore(db);
    const { commits, topicStore, transactionStore } = this;
    this.topics = new Topics({
      db,
      cluster: this.cluster,
      store: topicStore,
      schemas: this.schemas,
      transactions: transactionStore,
      commits,
      settings,
    });
    const { topics } = this;
    this.transactions = new Transactions({ db, store: transactionStore, topicStore, topics, commits, settings });
  }

  startTimers(): void {
    const { cursorFlushMs, housekeepingMs, keepAliveMs } = this.settings;
    this.#timers = [
      setInterval(() => this.flush(), cursorFlushMs).unref(),
      setInterval(() => this.keepHouse(), housekeepingMs).unref(),
      setInterval(() => this.keepConnectionsAlive(), keepAliveMs).unref(),
    ];
    this.transactions.watch();
  }

  /** Name for a producer that did not bring one. */
  newProducerName(): string {
    return `${CLUSTER_NAME}-0-${this.db.nextNumber('producer')}`;
  }

  /** Makes acknowledgements durable, then deletes ledgers that nobody needs. */
  flush(): void {
    this.db.transaction(() => {
      for (const topic of this.topics.loaded) {
        flushCursors(this.topicStore, topic);
        if (topic.entriesSinceSnapshot >= DEDUP_SNAPSHOT_ENTRIES) snapshotDedup(this.topicStore, topic, []);
        if (topic.log.index.ledgers.length > 1)
          trim(this.topicStore, topic, this.cluster.policies(topic.name.namespace), this.settings.now());
      }
    });
  }

  /** Forgets idle producer names and expires messages. */
  keepHouse(): void {
    const nowMs = this.settings.now();
    this.db.transaction(() => {
      for (const topic of this.topics.loaded) {
        purgeDedup(this.topicStore, topic, nowMs - this.settings.dedupInactivityMs);
        expireMessages(topic, this.cluster.policies(topic.name.namespace), nowMs);
        removeEmptyReaders(topic, nowMs);
      }
    });
  }

  /** Closes connections that did not answer since the last tick, and pings the others. */
  keepConnectionsAlive(): void {
    for (const connection of this.connections) connection.keepAlive();
  }

  /** Commits and flushes everything, then closes the data. */
  close(): void {
    this.#stopTimers();
    for (const topic of [...this.topics.loaded]) this.topics.unload(topic);
    this.db.close();
  }

  /** Leaves the data as a SIGKILL would. */
  abandon(): void {
    this.#stopTimers();
    this.commits.discard();
    for (const topic of this.topics.loaded) topic.stop();
    this.db.close();
  }

  #stopTimers(): void {
    this.transactions.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }
}
