import { assignedInstance } from '../core/assignment.ts';
import { concurrently } from '../core/concurrently.ts';
import type { OpenLogSource } from '../core/connector-type.ts';
import type { SourceContext } from './source-partition.ts';
import { runSourcePartition } from './source-partition-run.ts';

export type { SourceContext } from './source-partition.ts';

/** Reads every source partition that is this instance's to its present end. Resolves with the number of records read. */
export const readPartitions = async (context: SourceContext, source: OpenLogSource): Promise<number> => {
  const { parallelism } = context.connector.config;
  const all = await source.partitions(context.control.signal);
  const mine = all.filter((partition) => assignedInstance(partition, parallelism) === context.instance);
  let read = 0;
  let isHalted = false;
  await concurrently(mine, context.deps.settings.maxConcurrentPartitions, async (partition) => {
    try {
      const one = { ...context, source, partition, isHalted: () => isHalted };
      read += await runSourcePartition(one);
    } catch (error) {
      isHalted = true;
      throw error;
    }
  });
  return read;
};
