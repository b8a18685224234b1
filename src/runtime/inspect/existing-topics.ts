import type { Connector } from '../../core/connector.ts';
import type { PulsarAdmin } from '../../core/pulsar-admin.ts';
import { namespaceOf, readTopicName } from '../../core/topic-name.ts';
import { readTopicPattern } from '../../core/topic-pattern.ts';

/** A topic or pattern of a connector's configuration, and the concrete topics that exist for it. */
export interface FoundTopic {
  readonly named: string;
  readonly namespace: string;
  readonly isPattern: boolean;
  readonly concrete: readonly string[];
}

/** Looks a connector's topics up by the admin API: to ask the broker itself could create them. */
export const existingTopics = async (
  { kind, config }: Connector,
  pulsar: PulsarAdmin,
  signal: AbortSignal,
): Promise<readonly FoundTopic[]> => {
  const inputs: readonly (readonly [string, boolean])[] =
    kind === 'source'
      ? [[config.topicName, false]]
      : Object.entries(config.inputSpecs).map(([topic, { regexPattern }]) => [topic, regexPattern]);
  const listed = new Map<string, Promise<readonly string[]>>();
  const topicsIn = (namespace: string): Promise<readonly string[]> => {
    const known = listed.get(namespace) ?? pulsar.topics(namespace, signal);
    listed.set(namespace, known);
    return known;
  };
  return Promise.all(inputs.map(async ([named, isPattern]) => (isPattern ? ofPattern(named) : ofName(named))));

  async function ofPattern(named: string): Promise<FoundTopic> {
    const { namespace, matches } = readTopicPattern(named) ?? { namespace: '', matches: () => false };
    return { named, namespace, isPattern: true, concrete: (await topicsIn(namespace)).filter(matches) };
  }

  async function ofName(named: string): Promise<FoundTopic> {
    const name = readTopicName(named);
    if (!name) return { named, namespace: '', isPattern: false, concrete: [] };
    const namespace = namespaceOf(name);
    const isOurs = (topic: string): boolean =>
      topic === name.fullName ||
      /^-partition-\d+$/.test(topic.startsWith(name.fullName) ? topic.slice(name.fullName.length) : '');
    return { named, namespace, isPattern: false, concrete: (await topicsIn(namespace)).filter(isOurs) };
  }
};
