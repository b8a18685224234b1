import { ServerError } from '../../pulsar/protocol/enums.ts';
import { parseTopicName as parse } from '../../pulsar/protocol/topic-name.ts';
import { BrokerError, notAllowed } from './errors.ts';

/** A parsed persistent topic name (PULSAR-WIRE 6). */
export interface TopicName {
  /** `persistent://tenant/namespace/local`. */
  readonly full: string;
  /** `tenant/namespace`. */
  readonly namespace: string;
  /** Full name of the partitioned topic that this is a partition of; the name itself for any other topic. */
  readonly base: string;
  /** Partition index, -1 for a topic that is not a partition. */
  readonly partition: number;
}

/** Parses a full or short name. Throws `BrokerError` InvalidTopicName, or NotAllowedError for a non-persistent topic. */
export function parseTopicName(name: string): TopicName {
  const { domain, tenant, namespace, fullName, partition } = parsed(name);
  if (domain !== 'persistent') throw notAllowed(`The embedded broker has no non-persistent topics: ${name}`);
  return {
    full: fullName,
    namespace: `${tenant}/${namespace}`,
    base: partition < 0 ? fullName : fullName.slice(0, fullName.lastIndexOf('-partition-')),
    partition,
  };
}

/** Name of one partition. */
export function partitionName(base: string, partition: number): string {
  return `${base}-partition-${partition}`;
}

/** True for names that tenants and namespaces may have. */
export function isNamedEntity(name: string): boolean {
  return /^[-=:.\w]+$/.test(name);
}

function parsed(name: string): ReturnType<typeof parse> {
  try {
    return parse(name);
  } catch (cause) {
    throw new BrokerError(ServerError.InvalidTopicName, cause instanceof Error ? cause.message : String(cause));
  }
}
