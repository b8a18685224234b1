import { LEASE_MUTATIONS } from './lease-mutations.ts';
import { type Mutation, mutationName } from './mutation.ts';
import { SINK_MUTATIONS } from './sink-mutations.ts';
import { SOURCE_MUTATIONS } from './source-mutations.ts';

export { ABSENT } from './absent.ts';
export { type Absent, type Mutation, mutationName } from './mutation.ts';

/** Every mutation, in the order of the list of defects. */
export const MUTATIONS: readonly Mutation[] = [...SOURCE_MUTATIONS, ...SINK_MUTATIONS, ...LEASE_MUTATIONS].sort(
  (a, b) => a.number - b.number || mutationName(a).localeCompare(mutationName(b)),
);
