import { PulsarIoError } from '../../core/errors.ts';
import { readTopicName, type TopicName } from '../../core/topic-name.ts';

/** A topic name taken apart. Throws `PIO_CONFIG_INVALID` when it is none. */
export const topicOf = (topic: string): TopicName => {
  const name = readTopicName(topic);
  if (name) return name;
  throw new PulsarIoError(
    'PIO_CONFIG_INVALID',
    `${JSON.stringify(topic)} is no topic name; right would be topic, tenant/namespace/topic or persistent://tenant/namespace/topic`,
  );
};

/** Path of a topic after `/admin/v2/`. */
export const topicPath = (topic: string): string => {
  const { domain, tenant, namespace, localName } = topicOf(topic);
  return `${domain}/${namespacePath(`${tenant}/${namespace}`)}/${encodeURIComponent(localName)}`;
};

/** Path of `tenant/namespace`, encoded. */
export const namespacePath = (namespace: string): string => namespace.split('/').map(encodeURIComponent).join('/');
