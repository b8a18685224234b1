import { type SinkConfig, subscriptionOf } from './connector.ts';
import { runtimeOptions } from './runtime-options.ts';

/** Where the records of a topic-partition go that the target does not take; undefined: nowhere, they are tried for ever. */
export const deadLetterTopicOf = (config: SinkConfig, topic: string): string | undefined => {
  if (config.deadLetterTopic) return config.deadLetterTopic;
  // Pulsar's own default, with the slashes of a default subscription name made valid.
  return config.maxMessageRetries ? `${topic}-${subscriptionOf(config).replaceAll('/', '-')}-DLQ` : undefined;
};

/** True where somebody asked for an order, or the guarantee keeps one. */
const keepsOrder = ({ processingGuarantees, retainOrdering, retainKeyOrdering }: SinkConfig): boolean =>
  processingGuarantees === 'EFFECTIVELY_ONCE' || retainOrdering || retainKeyOrdering;

/**
 * Whether the later records of a dead-lettered key are dead-lettered, too, until they are sent back (docs/decisions/0007). Only where one instance sees all
 * records of a key; by default where an order was asked for.
 */
export const parksKeys = (config: SinkConfig): boolean => {
  const { processingGuarantees, retainOrdering, retainKeyOrdering, parallelism } = config;
  const isOwned = !retainKeyOrdering || parallelism === 1;
  if (processingGuarantees === 'ATMOST_ONCE' || !keepsOrder(config) || !isOwned) return false;
  const byDefault = retainOrdering || retainKeyOrdering ? 'park' : 'pass';
  return (runtimeOptions(config).deadLetterKeys ?? byDefault) === 'park';
};

/** Whether a dead letter that is sent back may undo a newer record of its key: the target orders nothing by version, and an order is kept. */
export const redriveReorders = (config: SinkConfig, route: string | undefined): boolean =>
  route !== 'versioned' && keepsOrder(config);
