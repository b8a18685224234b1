import { PulsarIoError } from '../../core/errors.ts';
import type { DeduplicationState } from '../../core/pulsar-admin.ts';
import type { AdminHttp } from './http.ts';
import { namespacePath, topicOf, topicPath } from './topic-path.ts';

/** No such topic, policies switched off, or a server that does not have the path: asked elsewhere then. */
const NO_ANSWER = [404, 405, 409, 412, 501];

/**
 * Deduplication as it applies to a topic: its own policy with what it inherits, else its namespace's (the topic may not exist yet), else the
 * broker's default, which only a superuser may see.
 */
export const deduplicationOf = async (
  http: AdminHttp,
  topic: string,
  signal: AbortSignal | undefined,
): Promise<DeduplicationState> => {
  const { tenant, namespace } = topicOf(topic);
  const paths = [
    `${topicPath(topic)}/deduplicationEnabled?applied=true`,
    `namespaces/${namespacePath(`${tenant}/${namespace}`)}/deduplication`,
  ];
  for (const path of paths) {
    const { status, value } = await http({ path, expected: NO_ANSWER, signal });
    if (status < 300 && typeof value === 'boolean') return value ? 'enabled' : 'disabled';
  }
  return brokerDefault(http, signal);
};

const brokerDefault = async (http: AdminHttp, signal: AbortSignal | undefined): Promise<DeduplicationState> => {
  try {
    const { status, value } = await http({ path: 'brokers/configuration/runtime', expected: NO_ANSWER, signal });
    if (status >= 300 || typeof value !== 'object' || value === null) return 'unknown';
    return Reflect.get(value, 'brokerDeduplicationEnabled') === 'true' ? 'enabled' : 'disabled';
  } catch (error) {
    if (error instanceof PulsarIoError && error.code === 'PIO_PULSAR_REFUSED') return 'unknown';
    throw error;
  }
};
