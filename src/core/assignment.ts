import { murmur3 } from './murmur3.ts';

/**
 * The instance that works for a source partition or a topic-partition: static over a generation, whatever else comes or goes
 * (GUARANTEES rule 17), because epochs of different instances cannot be compared. Numbered partitions are spread round-robin.
 */
export const assignedInstance = (partition: string, parallelism: number): number => {
  const [, base = partition, number = '0'] = /^(.*?)(\d{1,9})$/.exec(partition) ?? [];
  return ((base === '' ? 0 : murmur3(base)) + Number(number)) % parallelism;
};
