import type { SinkConnector } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { PulsarAdmin } from '../../core/pulsar-admin.ts';
import { readTopicName } from '../../core/topic-name.ts';
import { readTopicPattern } from '../../core/topic-pattern.ts';
import { concreteTopics } from '../../delivery/output-topic.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/** Pulsar's admin API. Throws `PIO_REQUEST_INVALID` where the deployment has no address of it. */
export const requirePulsar = ({ deps }: Call): PulsarAdmin => {
  if (deps.pulsar) return deps.pulsar;
  throw new PulsarIoError(
    'PIO_REQUEST_INVALID',
    'This needs the address of the Pulsar admin API: deploy with PULSAR_ADMIN_URL',
  );
};

/** Topic-partitions that a sink reads now, by the names that its runs have for them. */
export const sinkTopics = async (call: Call, { config }: SinkConnector): Promise<string[]> => {
  const pulsar = requirePulsar(call);
  const found = await inParallel(Object.entries(config.inputSpecs), async ([topic, { regexPattern }]) => {
    if (!regexPattern) return concreteTopics(topic, await pulsar.partitions(topic, call.signal));
    const pattern = readTopicPattern(topic);
    return pattern ? (await pulsar.topics(pattern.namespace, call.signal)).filter((each) => pattern.matches(each)) : [];
  });
  return found.flat();
};

/** The one of these topics that is meant by a name in any form. Throws `PIO_REQUEST_INVALID`. */
export const findTopic = (topics: readonly string[], name: string): string => {
  const fullName = readTopicName(name)?.fullName;
  const found = topics.find((topic) => topic === name || readTopicName(topic)?.fullName === fullName);
  if (found !== undefined) return found;
  const some = topics.slice(0, 20).join(', ');
  throw new PulsarIoError('PIO_REQUEST_INVALID', `${name} is not a topic-partition of this sink; these are: ${some}`);
};
