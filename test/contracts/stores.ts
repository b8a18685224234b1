import { describe } from '@jest/globals';
import { checkpointContract } from './checkpoint-store.ts';
import { inboxContract } from './inbox-store.ts';
import { leaseContract } from './lease-store.ts';
import { registryContract } from './registry-store.ts';
import type { OpenStore } from './store-fixtures.ts';

/** Leases, checkpoints, the registry and the inbox over an {@link ItemStore}. Each call of `open` opens the same table anew. */
export const storesContract = (name: string, open: OpenStore): void => {
  describe(`${name} below the stores`, () => {
    leaseContract(open);
    checkpointContract(open);
    registryContract(open);
    inboxContract(open);
  });
};
