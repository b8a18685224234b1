/** Property of a subscription that a run created: the `uid` of its connector. */
export const SUBSCRIPTION_UID_PROPERTY = 'pulsar-io.uid';

/** One subscription in a topic's stats. */
export interface SubscriptionStats {
  /** Entries (not messages) that are not acknowledged. */
  readonly msgBacklog: number;
  /** When the oldest of them was published, epoch milliseconds; absent when nothing waits, or it was not asked for. */
  readonly oldestPublishTimeMs?: number;
  /** `Exclusive`, `Shared`, `Failover`, `Key_Shared`, or `None` when nobody is connected. */
  readonly type?: string;
  readonly consumers: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** Stats of a topic; of a partitioned one, its partitions' sum. */
export interface TopicStats {
  readonly subscriptions: Readonly<Record<string, SubscriptionStats>>;
  /** `Enabled`, `Disabled`, `Initializing`, `Recovering`, …; absent for a partitioned topic. */
  readonly deduplicationStatus?: string;
  /** Of a partitioned topic, by the number of the partition; one that nobody has used yet may be missing. */
  readonly partitions?: ReadonlyMap<number, TopicStats>;
}

/** Where a subscription is to go on: the first message that it delivers again. */
export type CursorTarget =
  | 'earliest'
  | 'latest'
  | { readonly ledgerId: number; readonly entryId: number }
  | { readonly publishTimeMs: number };

/** A message that a subscription holds, as peeking shows it. */
export interface PeekedMessage {
  readonly messageId: { readonly ledgerId: number; readonly entryId: number };
  readonly properties: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

/** Whether a topic deduplicates; `unknown` when the caller may not see the broker's default. */
export type DeduplicationState = 'enabled' | 'disabled' | 'unknown';

/**
 * The part of Pulsar's `/admin/v2` that we need; implemented by `src/pulsar/admin`. Topics are named in any form that
 * `readTopicName` takes. Every method throws `PIO_PULSAR_UNAVAILABLE` when nobody answers in time, `PIO_PULSAR_REFUSED` when the
 * request is refused, `PIO_ABORTED` on abort.
 */
export interface PulsarAdmin {
  /** Namespaces of a tenant as `tenant/namespace`; undefined when there is no such tenant. */
  namespaces(tenant: string, signal?: AbortSignal): Promise<readonly string[] | undefined>;
  /** `adminRoles` of a tenant; empty when there is no such tenant. */
  tenantAdmins(tenant: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Actions (`produce`, `sinks`, …) that are granted, by role, on `tenant/namespace` or on a topic (by full name); empty where there is none such. */
  permissions(place: string, signal?: AbortSignal): Promise<Readonly<Record<string, readonly string[]>>>;
  /** Persistent topics of `tenant/namespace`, partitions one by one, by full name; empty when there is no such namespace. */
  topics(namespace: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Number of partitions, 0 for a topic that is not partitioned or does not exist. */
  partitions(topic: string, signal?: AbortSignal): Promise<number>;
  /** Stats, undefined when there is no such topic. `isOldestAsked`: the broker reads the oldest message of each backlog for its time. */
  topicStats(topic: string, signal?: AbortSignal, isOldestAsked?: boolean): Promise<TopicStats | undefined>;
  /** Names of the subscriptions; empty when there is no such topic. */
  subscriptions(topic: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Creates a durable subscription; resolves with false when there is one of that name. */
  createSubscription(
    topic: string,
    subscription: string,
    position: 'Earliest' | 'Latest',
    properties?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<boolean>;
  /**
   * Deletes a subscription (of every partition); resolves with false when there is none. Refused while a consumer is connected, unless
   * `force` disconnects it.
   */
  deleteSubscription(
    topic: string,
    subscription: string,
    options?: { readonly force?: boolean },
    signal?: AbortSignal,
  ): Promise<boolean>;
  /** Moves the cursor of a subscription, of every partition; resolves with false when there is no such subscription. */
  resetCursor(topic: string, subscription: string, to: CursorTarget, signal?: AbortSignal): Promise<boolean>;
  /** The `nth` message (1 = first) that a subscription did not acknowledge; undefined when there are fewer. Not for partitioned topics. */
  peek(topic: string, subscription: string, nth: number, signal?: AbortSignal): Promise<PeekedMessage | undefined>;
  /** The last entry of a topic; undefined when there is no such topic, entry -1 when it is empty. Not for partitioned topics. */
  lastEntry(topic: string, signal?: AbortSignal): Promise<{ ledgerId: number; entryId: number } | undefined>;
  /** Acknowledges the next `count` messages of a subscription, or all. */
  skip(topic: string, subscription: string, count: number | 'all', signal?: AbortSignal): Promise<void>;
  /** Deduplication as it applies to the topic: its own policy, else its namespace's, else the broker's default. */
  deduplication(topic: string, signal?: AbortSignal): Promise<DeduplicationState>;
}
