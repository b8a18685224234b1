import { namespaceOf, readTopicName } from './topic-name.ts';

/** `-partition-N` at the end of a topic's name. */
const PARTITION_SUFFIX = /-partition-\d+$/;

/** A topics pattern taken apart: tenant and namespace are literal, only the last part is a regular expression. */
export interface TopicPattern {
  /** `tenant/namespace` whose topics are looked at. */
  readonly namespace: string;
  /** True for a topic of that namespace whose name without `-partition-N` matches as a whole, as in Pulsar. */
  matches(topic: string): boolean;
}

/** Reads `persistent://tenant/namespace/regex`; undefined when it is no topic name or no regular expression. */
export const readTopicPattern = (pattern: string): TopicPattern | undefined => {
  const name = readTopicName(pattern);
  if (!name) return undefined;
  try {
    const whole = new RegExp(`^(?:${name.fullName})$`);
    return {
      namespace: namespaceOf(name),
      matches: (topic) => whole.test(topic.replace(PARTITION_SUFFIX, '')),
    };
  } catch {
    return undefined;
  }
};
