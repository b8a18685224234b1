import type { SourceConnector } from '../../core/connector.ts';
import { guardPrefix } from '../../core/names.ts';
import type { PulsarAdmin } from '../../core/pulsar-admin.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/**
 * Deletes the guard subscriptions that an effectively-once source keeps on its output topic, one for each source partition and topic-partition.
 * Throws `PIO_PULSAR_UNAVAILABLE`. Safe to repeat.
 */
export const deleteGuards = async (
  call: Call,
  pulsar: PulsarAdmin,
  { uid, config }: SourceConnector,
): Promise<void> => {
  const subscriptions = await pulsar.subscriptions(config.topicName, call.signal);
  const guards = subscriptions.filter((subscription) => subscription.startsWith(guardPrefix(uid)));
  await inParallel(guards, async (guard) => {
    await pulsar.deleteSubscription(config.topicName, guard, { force: true }, call.signal);
  });
};
