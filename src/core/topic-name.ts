/** A topic name taken apart, defaults filled in. */
export interface TopicName {
  readonly domain: 'persistent' | 'non-persistent';
  readonly tenant: string;
  readonly namespace: string;
  /** The last part, `-partition-N` included. */
  readonly localName: string;
  /** `domain://tenant/namespace/local`. */
  readonly fullName: string;
  /** N when the local name ends in `-partition-N` (without leading zeros), else -1. */
  readonly partition: number;
}

/** `tenant/namespace` of a topic. */
export const namespaceOf = ({ tenant, namespace }: TopicName): string => `${tenant}/${namespace}`;

/** Longest full name that is taken, in characters: keys and file names of brokers are made of it. */
const MAX_TOPIC_CHARACTERS = 1024;

const CONTROL_CHARACTER = /\p{Cc}/u;
const NAMED_ENTITY = /^[-=:.\w]+$/;
const PARTITION = /-partition-(0|[1-9]\d*)$/;

/** True for what Pulsar's `NamedEntity` lets tenants and namespaces be called. */
export const isNamedEntity = (name: string): boolean => NAMED_ENTITY.test(name);

/** Name of one partition of a partitioned topic, whose full or short name is given. */
export const partitionTopicName = (topic: string, partition: number): string => `${topic}-partition-${partition}`;

/**
 * Reads `local`, `tenant/namespace/local` or `domain://tenant/namespace/local` by the rules of Pulsar 4.2's `TopicName` alone. A string in answer says
 * what is wrong with it, for the end of a sentence. The withdrawn form with a cluster (four parts) is none of them.
 */
export const topicNameOrProblem = (name: string): TopicName | string => {
  const { domain, parts } = split(name);
  if (domain !== 'persistent' && domain !== 'non-persistent') return `unknown domain ${domain}`;
  const [tenant = '', namespace = '', localName = ''] = parts;
  if (parts.length !== 3) return 'it must be local, tenant/namespace/local or domain://tenant/namespace/local';
  if (!isNamedEntity(tenant) || !isNamedEntity(namespace)) return 'bad tenant or namespace';
  if (localName.trim() === '') return 'the local name is blank';
  const partition = Number(PARTITION.exec(localName)?.[1] ?? -1);
  return {
    domain,
    tenant,
    namespace,
    localName,
    fullName: `${domain}://${tenant}/${namespace}/${localName}`,
    partition,
  };
};

/**
 * {@link topicNameOrProblem} for names that people give to connectors: undefined when it is none, and also when it is longer than 1024 characters or
 * has control characters, which Pulsar would take.
 */
export const readTopicName = (name: string): TopicName | undefined => {
  if (name.length > MAX_TOPIC_CHARACTERS || CONTROL_CHARACTER.test(name)) return undefined;
  const topic = topicNameOrProblem(name);
  return typeof topic === 'string' ? undefined : topic;
};

/** True for a name that {@link readTopicName} takes. */
export const isTopicName = (name: string): boolean => readTopicName(name) !== undefined;

const split = (name: string): { domain: string; parts: string[] } => {
  const schemeEnd = name.indexOf('://');
  if (schemeEnd >= 0) return { domain: name.slice(0, schemeEnd), parts: name.slice(schemeEnd + 3).split('/') };
  const parts = name.split('/');
  return { domain: 'persistent', parts: parts.length === 1 ? ['public', 'default', ...parts] : parts };
};
