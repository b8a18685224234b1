import { type SinkConnector, subscriptionOf } from '../../core/connector.ts';
import { FRONTIER_START } from '../../core/frontier.ts';
import type { TopicStatus } from '../../core/instance-status.ts';
import type { SinkProgress } from '../../core/progress.ts';
import { type CursorTarget, SUBSCRIPTION_UID_PROPERTY } from '../../core/pulsar-admin.ts';
import { bookOf, EMPTY_BOOK, type SinkBook } from '../../core/sink-book.ts';
import type { Token } from '../../core/token.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';
import { requirePulsar, sinkTopics } from './sink-topics.ts';
import { instancesOf } from './start-runs.ts';

/** Where a topic-partition of a sink stands, as GET shows it. */
export interface SinkTopicView {
  readonly topic: string;
  /** Up to here all is settled; null: no run has told, or each record waits for itself (Shared). */
  readonly position: string | null;
  /** When that message was published, epoch milliseconds. */
  readonly publishTime: number | null;
  /** Entries that the subscription has not acknowledged. */
  readonly backlog: number;
  /** For how long the oldest of them has waited, in milliseconds; null: Pulsar did not say. */
  readonly lagMs: number | null;
}

/** Positions and backlog of all topic-partitions of a sink. */
export const viewSinkPositions = async (
  call: Call,
  connector: SinkConnector,
  maxTopics = Number.POSITIVE_INFINITY,
): Promise<{ generation: number; subscription: string; topics: SinkTopicView[] }> => {
  const subscription = subscriptionOf(connector.config);
  const reached = await reachedTopics(call, connector);
  const names = (await sinkTopics(call, connector)).slice(0, maxTopics);
  const topics = await inParallel(names, async (topic) => {
    const stats = await requirePulsar(call).topicStats(topic, call.signal, true);
    const { position = null, publishTimeMs = null } = reached.get(topic) ?? {};
    const { msgBacklog: backlog = 0, oldestPublishTimeMs = null } = stats?.subscriptions[subscription] ?? {};
    const lagMs = backlog === 0 ? 0 : oldestPublishTimeMs && Math.max(0, call.deps.clock.nowMs() - oldestPublishTimeMs);
    return { topic, position, publishTime: publishTimeMs, backlog, lagMs };
  });
  return { generation: connector.generation, subscription, topics };
};

const reachedTopics = async ({ deps, signal }: Call, connector: SinkConnector): Promise<Map<string, TopicStatus>> => {
  const states = await inParallel(instancesOf(connector), (instance) =>
    deps.leases.read(connector.uid, instance, signal),
  );
  return new Map(states.flatMap((state) => Object.entries(state?.status.topics ?? {})));
};

/**
 * Fences the frontier of each topic-partition, moves its cursor (undefined: leaves it where it is), then writes into its book that the next run is to forget the frontier
 * for it. In that order: a frontier that is forgotten before the cursor is where it should be would let records be written again.
 */
export const setSinkPositions = async (
  call: Call,
  connector: SinkConnector,
  targets: ReadonlyMap<string, CursorTarget | undefined>,
): Promise<void> => {
  const { deps, signal } = call;
  const { uid, generation, config } = connector;
  const token = { generation: generation + 1, epoch: 0 };
  const pulsar = requirePulsar(call);
  const subscription = subscriptionOf(config);
  await inParallel([...targets], async ([topic, target]) => {
    await fenceFrontier(call, connector, topic, token);
    const properties = { [SUBSCRIPTION_UID_PROPERTY]: uid };
    await pulsar.createSubscription(topic, subscription, config.sourceSubscriptionPosition, properties, signal);
    if (target !== undefined) await pulsar.resetCursor(topic, subscription, target, signal);
    const takeCursor = (book: SinkBook): SinkBook => ({ ...book, takesCursor: true });
    await deps.checkpoints.fence(uid, bookOf(topic), token, EMPTY_BOOK, takeCursor, signal);
  });
};

/** A run that is only frozen commits nothing from here on. Where the target holds the frontier, only a run can fence it there. */
const fenceFrontier = async (
  { deps, signal }: Call,
  { uid, type, config }: SinkConnector,
  topic: string,
  token: Token,
): Promise<void> => {
  const isInStore = deps.catalogue.sink(type)?.route !== 'transactional';
  if (config.processingGuarantees === 'ATLEAST_ONCE' || !isInStore) return;
  await deps.checkpoints.fence<SinkProgress>(uid, topic, token, { frontier: FRONTIER_START }, undefined, signal);
};
