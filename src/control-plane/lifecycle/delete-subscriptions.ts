import { type SinkConnector, subscriptionOf } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { type PulsarAdmin, SUBSCRIPTION_UID_PROPERTY } from '../../core/pulsar-admin.ts';
import { readTopicPattern } from '../../core/topic-pattern.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/**
 * Deletes a sink's subscription on every input, on every matching topic of a pattern. One that another consumer uses, too, or that we may
 * not delete stays and is reported, as Pulsar gives up and logs. Throws `PIO_PULSAR_UNAVAILABLE`. Safe to repeat.
 */
export const deleteSubscriptions = async (
  call: Call,
  pulsar: PulsarAdmin,
  { uid, config }: SinkConnector,
): Promise<void> => {
  const subscription = subscriptionOf(config);
  const topics = await inParallel(Object.entries(config.inputSpecs), async ([topic, { regexPattern }]) =>
    regexPattern ? matchingTopics(pulsar, topic, call.signal) : [topic],
  );
  await inParallel(topics.flat(), async (topic) => {
    try {
      const force = await isOurs(pulsar, topic, subscription, uid, call.signal);
      await pulsar.deleteSubscription(topic, subscription, { force }, call.signal);
    } catch (error) {
      if (!(error instanceof PulsarIoError) || error.code !== 'PIO_PULSAR_REFUSED') throw error;
      call.deps.onError(error);
    }
  });
};

/** True for a subscription that a run of this connector created: then whoever is connected is a run that has not ended yet. */
const isOurs = async (
  pulsar: PulsarAdmin,
  topic: string,
  subscription: string,
  uid: string,
  signal: AbortSignal,
): Promise<boolean> => {
  const stats = await pulsar.topicStats(topic, signal);
  return stats?.subscriptions[subscription]?.properties[SUBSCRIPTION_UID_PROPERTY] === uid;
};

const matchingTopics = async (
  pulsar: PulsarAdmin,
  pattern: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const read = readTopicPattern(pattern);
  return read ? (await pulsar.topics(read.namespace, signal)).filter((topic) => read.matches(topic)) : [];
};
