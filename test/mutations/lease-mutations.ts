import type { Mutation } from './mutation.ts';

const INSTANCE = 'test/runtime/instance-run.test.ts';
const DYNAMODB = 'test/stores/dynamodb.test.ts';

/** Defects of leases, fences, the store, and what a sandbox keeps. */
export const LEASE_MUTATIONS: readonly Mutation[] = [
  {
    number: 15,
    defect: 'progress read before the fence’s write',
    edits: [
      {
        file: 'src/stores/checkpoints.ts',
        find: '      const attempt = async (current: StoredItem | undefined) => {\n        const stored = current && checkpointOf<T>(current);\n        if (stored && compareTokens',
        replace:
          '      const early = await items.get(key, signal);\n      const attempt = async (current: StoredItem | undefined) => {\n        const stored = current && checkpointOf<T>(current);\n        if (stored && compareTokens',
      },
      {
        file: 'src/stores/checkpoints.ts',
        find: '        const before = stored ? stored.progress : initial;',
        replace: '        const before = early ? checkpointOf<T>(early).progress : initial;',
      },
    ],
    tests: 'test/stores/sqlite.test.ts',
    named: 'rule 15',
  },
  {
    number: 18,
    defect: 'one’s own refused repetition taken as a loss',
    edits: [
      {
        file: 'src/stores/dynamodb/item-store.ts',
        find: '(found) => found?.writeId === writeId,',
        replace: "(found) => found?.writeId === 'never',",
      },
    ],
    tests: DYNAMODB,
    named: 'asks what is stored',
  },
  {
    number: 18,
    part: 'b',
    defect: 'another’s write taken for one’s own',
    edits: [
      {
        file: 'src/stores/dynamodb/item-store.ts',
        find: '(found) => found?.writeId === writeId,',
        replace: "(found) => found?.writeId !== 'never',",
      },
    ],
    tests: DYNAMODB,
    named: 'asks what is stored',
  },
  {
    number: 29,
    defect: 'what an earlier invocation left open is kept',
    edits: [
      {
        file: 'src/runtime/leftovers.ts',
        find: '    for (const leftover of this.#open) leftover.destroy();\n',
        replace: '',
      },
    ],
    tests: 'test/runtime/steps.test.ts',
    named: 'are destroyed by the next one',
  },
  {
    number: 32,
    defect: 'the lease released at the deadline while the handler still runs',
    edits: [
      {
        file: 'src/runtime/instance-run.ts',
        find: '    if (!control.signal.aborted) await release',
        replace: '    await release',
      },
    ],
    tests: INSTANCE,
    named: 'ends hard, and keeps the lease',
  },
  {
    number: 34,
    defect: 'a stale invocation is obeyed',
    edits: [
      {
        file: 'src/runtime/instance-run.ts',
        find: '  if (connector.generation !== request.generation) {',
        replace: '  if (connector.generation < request.generation - 1_000) {',
      },
    ],
    tests: INSTANCE,
    named: 'rule 22',
  },
];
