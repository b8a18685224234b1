import { type TopicName as AnyTopicName, topicNameOrProblem } from '../../core/topic-name.ts';
import { ServerError } from '../../pulsar/protocol/enums.ts';
import { BrokerError, notAllowed } from './errors.ts';

/** What the broker needs of a persistent topic's name (PULSAR-WIRE 6). */
export interface TopicName extends Pick<AnyTopicName, 'fullName' | 'partition'> {
  /** `tenant/namespace`: the key of its policies. */
  readonly namespace: string;
  /** Full name of the partitioned topic that this is a partition of; the name itself for any other topic. */
  readonly base: string;
}

/** Parses a full or short name. Throws `BrokerError` InvalidTopicName, or NotAllowedError for a non-persistent topic. */
export function parseTopicName(name: string): TopicName {
  const topic = topicNameOrProblem(name);
  if (typeof topic === 'string')
    throw new BrokerError(ServerError.InvalidTopicName, `${JSON.stringify(name)} is not a topic name: ${topic}`);
  const { domain, tenant, namespace, fullName, partition } = topic;
  if (domain !== 'persistent') throw notAllowed(`The embedded broker has no non-persistent topics: ${name}`);
  return {
    fullName,
    namespace: `${tenant}/${namespace}`,
    base: partition < 0 ? fullName : fullName.slice(0, fullName.lastIndexOf('-partition-')),
    partition,
  };
}
