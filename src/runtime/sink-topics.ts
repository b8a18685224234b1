import { assignedInstance } from '../core/assignment.ts';
import type { SinkConnector } from '../core/connector.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { ConsumerOptions, MessagingSession } from '../core/messaging.ts';
import { readTopicPattern } from '../core/topic-pattern.ts';
import { concreteTopics } from '../delivery/output-topic.ts';
import type { SinkGuarantee } from '../delivery/pipeline.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import type { OrderKept } from '../delivery/sink-batch.ts';
import type { RunContext } from './run-deps.ts';

/** How a sink subscribes: which type, what order that keeps, and whether each topic-partition belongs to one instance. */
export interface SubscriptionPlan {
  readonly subscriptionType: ConsumerOptions['subscriptionType'];
  readonly order: OrderKept;
  readonly isAssigned: boolean;
}

/**
 * A frontier of our own needs every topic-partition to itself (GUARANTEES rules 17 and 24): Exclusive, statically assigned.
 * Without one a sink subscribes as Pulsar IO's does: Failover, Key_Shared or Shared.
 */
export const subscriptionPlan = ({ config }: SinkConnector, { keepsFrontier }: SinkGuarantee): SubscriptionPlan => {
  if (keepsFrontier) return { subscriptionType: 'Exclusive', order: 'topic', isAssigned: true };
  if (config.retainOrdering) return { subscriptionType: 'Failover', order: 'topic', isAssigned: true };
  if (config.retainKeyOrdering) return { subscriptionType: 'KeyShared', order: 'key', isAssigned: false };
  return { subscriptionType: 'Shared', order: 'none', isAssigned: false };
};

/** The concrete topics that this instance reads. */
export const topicsOf = async (
  connector: SinkConnector,
  { isAssigned }: SubscriptionPlan,
  session: MessagingSession,
  context: RunContext,
): Promise<string[]> => {
  const { inputSpecs, parallelism } = connector.config;
  const topics: string[] = [];
  for (const [topic, { regexPattern }] of Object.entries(inputSpecs)) {
    if (regexPattern) topics.push(...(await matchingTopics(topic, context)));
    else topics.push(...concreteTopics(topic, await partitions(session, topic, context.control.signal)));
  }
  return isAssigned ? topics.filter((topic) => assignedInstance(topic, parallelism) === context.instance) : topics;
};

const partitions = async (session: MessagingSession, topic: string, signal: AbortSignal): Promise<number> => {
  try {
    return await session.partitions(topic, signal);
  } catch (cause) {
    throw routeFailure(cause, `looking up ${topic}`);
  }
};

const matchingTopics = async (pattern: string, { deps, control }: RunContext): Promise<readonly string[]> => {
  const read = readTopicPattern(pattern);
  if (!read || !deps.pulsar) throw patternRefused(pattern, read ? 'PULSAR_ADMIN_URL is not set' : 'it is no pattern');
  const topics = await deps.pulsar.topics(read.namespace, control.signal);
  return topics.filter((topic) => read.matches(topic));
};

const patternRefused = (pattern: string, why: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_CONFIG_INVALID',
    `topics of pattern ${pattern} cannot be found: ${why}; name the topics in "inputs" instead`,
    {
      disposition: 'fatal',
    },
  );
