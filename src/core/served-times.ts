/** Under this name an instance keeps its served times among its checkpoints: a path that no source partition has. */
export const servedTimesPartition = (instance: number): string => `/times/${instance}`;

/** True for a checkpoint that is no source partition's. */
export const isServedTimes = (partition: string): boolean => partition.startsWith('/times/');
