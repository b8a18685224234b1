/** A topic name taken apart, defaults filled in. */
export interface TopicName {
  readonly domain: 'persistent' | 'non-persistent';
  readonly tenant: string;
  readonly namespace: string;
  readonly localName: string;
  /** `domain://tenant/namespace/local`. */
  readonly fullName: string;
}

/** Longest full name that is taken, in characters: keys and file names of brokers are made of it. */
const MAX_TOPIC_CHARACTERS = 1024;

const CONTROL_CHARACTER = /\p{Cc}/u;
const NAMED_ENTITY = /^[-=:.\w]+$/;

/**
 * Reads `local`, `tenant/namespace/local` or `domain://tenant/namespace/local` as Pulsar 4.2's `TopicName` does; undefined when it is none of them.
 * The withdrawn form with a cluster (four parts) is none.
 */
export const readTopicName = (name: string): TopicName | undefined => {
  if (name.length > MAX_TOPIC_CHARACTERS || CONTROL_CHARACTER.test(name)) return undefined;
  const [scheme, path] = name.includes('://') ? splitOnce(name, '://') : ['persistent', name];
  if (scheme !== 'persistent' && scheme !== 'non-persistent') return undefined;
  const parts = path.split('/');
  if (parts.length === 1 && !name.includes('://')) parts.unshift('public', 'default');
  const [tenant = '', namespace = '', localName = ''] = parts;
  if (parts.length !== 3 || !NAMED_ENTITY.test(tenant) || !NAMED_ENTITY.test(namespace)) return undefined;
  if (localName.trim() === '') return undefined;
  return { domain: scheme, tenant, namespace, localName, fullName: `${scheme}://${tenant}/${namespace}/${localName}` };
};

/** True for a name that {@link readTopicName} takes. */
export const isTopicName = (name: string): boolean => readTopicName(name) !== undefined;

const splitOnce = (text: string, separator: string): [string, string] => {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
};
