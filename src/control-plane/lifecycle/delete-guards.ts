import type { SourceConnector } from '../../core/connector.ts';
import { guardPrefix } from '../../core/names.ts';
import type { SourceProgress } from '../../core/progress.ts';
import type { PulsarAdmin } from '../../core/pulsar-admin.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';

/**
 * Deletes the guard subscriptions that an effectively-once source keeps on its output topic and on its records' destinations, one for each source partition and topic-partition.
 * Throws `PIO_PULSAR_UNAVAILABLE`. Safe to repeat.
 */
export const deleteGuards = async (
  call: Call,
  pulsar: PulsarAdmin,
  { uid, config }: SourceConnector,
): Promise<void> => {
  const topics = new Set([config.topicName, ...(await destinationsOf(call, uid))]);
  for (const topic of topics) {
    const subscriptions = await pulsar.subscriptions(topic, call.signal);
    const guards = subscriptions.filter((subscription) => subscription.startsWith(guardPrefix(uid)));
    await inParallel(guards, async (guard) => {
      await pulsar.deleteSubscription(topic, guard, { force: true }, call.signal);
    });
  }
};

const destinationsOf = async ({ deps, signal }: Call, uid: string): Promise<string[]> => {
  const partitions = await deps.checkpoints.list(uid, signal);
  const named = await inParallel(partitions, async (partition) => {
    const stored = await deps.checkpoints.read<Partial<SourceProgress>>(uid, partition, signal);
    return Object.keys(stored?.progress.destinations ?? {});
  });
  return named.flat();
};
