import type { SubscriptionStats, TopicStats } from '../../core/pulsar-admin.ts';

/** What we need of Pulsar's `TopicStats` JSON; whatever is missing or of another shape counts as absent. */
export const readTopicStats = (json: unknown): TopicStats => {
  const stats = fieldsOf(json);
  const { deduplicationStatus } = stats;
  const subscriptions = Object.entries(fieldsOf(stats.subscriptions)).map(
    ([name, each]) => [name, readOne(each)] as const,
  );
  return {
    subscriptions: Object.fromEntries(subscriptions),
    ...(typeof deduplicationStatus === 'string' && { deduplicationStatus }),
  };
};

/** The same of `PartitionedTopicStats`, with its partitions. */
export const readPartitionedStats = (json: unknown): TopicStats => {
  const partitions = Object.entries(fieldsOf(fieldsOf(json).partitions)).flatMap(([name, each]) => {
    const number = /-partition-(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [[Number(number), readTopicStats(each)] as const];
  });
  return { ...readTopicStats(json), partitions: new Map(partitions) };
};

const readOne = (json: unknown): SubscriptionStats => {
  const {
    msgBacklog,
    earliestMsgPublishTimeInBacklog: oldest,
    type,
    consumers,
    subscriptionProperties,
  } = fieldsOf(json);
  const properties = Object.entries(fieldsOf(subscriptionProperties)).map(
    ([key, value]) => [key, String(value)] as const,
  );
  return {
    msgBacklog: typeof msgBacklog === 'number' ? msgBacklog : 0,
    ...(typeof oldest === 'number' && oldest > 0 && { oldestPublishTimeMs: oldest }),
    ...(typeof type === 'string' && { type }),
    consumers: Array.isArray(consumers) ? consumers.length : 0,
    properties: Object.fromEntries(properties),
  };
};

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
