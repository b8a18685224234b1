import { type SinkConnector, subscriptionOf } from '../../core/connector.ts';
import { SUBSCRIPTION_UID_PROPERTY } from '../../core/pulsar-admin.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/**
 * Creates a new sink's subscription on its inputs, so that what is published after the answer is delivered, however long the first run takes to start.
 * Best effort: a run creates what is missing here, at the same position but later; topics of a pattern are left to it.
 */
export const createSubscriptions = async (call: Call, { uid, config }: SinkConnector): Promise<void> => {
  const { pulsar, onError } = call.deps;
  if (!pulsar) return;
  const subscription = subscriptionOf(config);
  const topics = Object.entries(config.inputSpecs).filter(([, { regexPattern }]) => !regexPattern);
  await inParallel(topics, async ([topic]) => {
    const properties = { [SUBSCRIPTION_UID_PROPERTY]: uid };
    await pulsar
      .createSubscription(topic, subscription, config.sourceSubscriptionPosition, properties, call.signal)
      .catch(onError);
  });
};
