import type { SourceConfig } from './connector.ts';
import type { SourceType } from './connector-type.ts';
import { namespaceOf, readTopicName, type TopicName } from './topic-name.ts';
import { resolveConfig } from './type-config.ts';

/** Where the records of a source may go besides its output topic. */
export interface DestinationRules {
  /** The connector's output topic; undefined: its name is none. */
  readonly home: TopicName | undefined;
  /** `tenant/namespace` of all that may be named; a short name is one of the first. */
  readonly namespaces: readonly string[];
}

/** A topic of a namespace that stands for all of them, where only what holds for the namespace is asked. */
export const anyTopicOf = (namespace: string): string => `persistent://${namespace}/any`;

/** The namespace that a source's type says its records go to; undefined: it says none. */
export const declaredNamespace = (type: SourceType | undefined, { configs }: SourceConfig): string | undefined =>
  type?.source === 'log' && type.destinationNamespace
    ? type.destinationNamespace(resolveConfig(type.config, configs).config as never)
    : undefined;

/**
 * The full name of the topic that a record names as its destination; undefined: it is the output topic itself. Throws `TypeError`, never with the name: it may come from
 * a field of the record.
 */
export const destinationOf = (named: string, { home, namespaces }: DestinationRules): string | undefined => {
  const full = named.includes('/') ? named : `persistent://${namespaces[0]}/${named}`;
  const topic = readTopicName(full);
  if (!topic) throw new TypeError('the destination of the record is no topic name');
  if (topic.partition >= 0 || topic.domain !== 'persistent')
    throw new TypeError('the destination of a record must be a persistent topic, and not a partition of one');
  if (!namespaces.includes(namespaceOf(topic)))
    throw new TypeError(`the destination of a record must be a topic of ${namespaces.join(' or ')}`);
  return topic.fullName === home?.fullName ? undefined : topic.fullName;
};
