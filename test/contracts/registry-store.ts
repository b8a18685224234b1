import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SinkConnector } from '../../src/core/connector.ts';
import type { ItemStore } from '../../src/core/item-store.ts';
import { registry } from '../../src/stores/registry.ts';
import { conflictOf } from './item-store.ts';
import { type OpenStore, refusal, sink } from './store-fixtures.ts';

/** What the registry must do over every item store. */
export const registryContract = (open: OpenStore): void => {
  describe('registry', () => {
    let items: ItemStore;
    let tenant: string;

    beforeEach(async () => {
      items = await open();
      tenant = `t-${randomUUID()}`;
    });
    afterEach(async () => items.close());

    const nameOf = ({ config }: SinkConnector) => config;

    test('creates, gets, updates and removes', async () => {
      const connectors = registry(items);
      const first = sink(tenant, 'a');
      expect(await connectors.get(nameOf(first))).toBeUndefined();
      const created = await connectors.create(first);
      expect(created).toEqual({ connector: first, version: 1 });
      const updated = await connectors.update(created, { ...first, generation: 2 });
      expect(await connectors.get(nameOf(first))).toEqual(updated);
      await connectors.remove(updated);
      expect(await connectors.get(nameOf(first))).toBeUndefined();
      expect(await connectors.list(tenant, 'default')).toEqual([]);
    });

    test('refuses a name that is taken, and lets exactly one of two racers have it', async () => {
      const other = await open();
      try {
        const ended = await Promise.allSettled(
          [items, other].map((store) => registry(store).create(sink(tenant, 'a'))),
        );
        expect(ended.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
        expect(ended.find((end) => end.status === 'rejected')?.reason).toMatchObject(refusal('PIO_STORE_CONFLICT'));
      } finally {
        await other.close();
      }
    });

    test('refuses to update or remove what changed since it was read', async () => {
      const connectors = registry(items);
      const first = sink(tenant, 'a');
      const read = await connectors.create(first);
      const updated = await connectors.update(read, { ...first, generation: 2 });
      await conflictOf(connectors.update(read, { ...first, generation: 3 }));
      await conflictOf(connectors.remove(read));
      expect(await connectors.get(nameOf(first))).toEqual(updated);
    });

    test('takes a connector that is gone as removed', async () => {
      const connectors = registry(items);
      const read = await connectors.create(sink(tenant, 'a'));
      await connectors.remove(read);
      await connectors.remove(read);
    });

    test('protects a re-created name from a slow change of the old connector', async () => {
      const connectors = registry(items);
      const old = await connectors.create(sink(tenant, 'a'));
      await connectors.remove(old);
      const fresh = await connectors.create(sink(tenant, 'a'));
      await conflictOf(connectors.update(old, { ...old.connector, generation: 2 }));
      await conflictOf(connectors.remove(old));
      expect(await connectors.get(nameOf(fresh.connector as SinkConnector))).toEqual(fresh);
    });

    test('lets exactly one of two racers re-create a removed name', async () => {
      const connectors = registry(items);
      await connectors.remove(await connectors.create(sink(tenant, 'a')));
      const ended = await Promise.allSettled([1, 2].map(() => connectors.create(sink(tenant, 'a'))));
      expect(ended.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
    });

    test('lists one namespace by name, over all shards', async () => {
      const connectors = registry(items, { shards: 5 });
      const names = Array.from({ length: 30 }, (_, n) => `c${n}`);
      for (const name of names) await connectors.create(sink(tenant, name));
      await connectors.create(sink(tenant, 'x', 'default2'));
      await connectors.create(sink(`${tenant}2`, 'x'));
      const listed = (await connectors.list(tenant, 'default')).map(({ config }) => config.name);
      expect(listed).toEqual([...names].sort());
      expect(await connectors.list(tenant, 'none')).toEqual([]);
    });

    test('keeps names with slashes and other letters apart', async () => {
      const connectors = registry(items);
      await connectors.create(sink(tenant, 'b/c', 'a'));
      await connectors.create(sink(tenant, 'c', 'a/b'));
      await connectors.create(sink(tenant, 'é', 'a'));
      expect((await connectors.list(tenant, 'a')).map(({ config }) => config.name)).toEqual(['b/c', 'é']);
      expect((await connectors.get({ tenant, namespace: 'a/b', name: 'c' }))?.connector.config.name).toBe('c');
    });

    test('gives every connector in exactly one shard', async () => {
      const connectors = registry(items, { shards: 3 });
      const names = Array.from({ length: 12 }, (_, n) => `c${n}`);
      for (const name of names) await connectors.create(sink(tenant, name));
      await connectors.remove(await connectors.create(sink(tenant, 'removed')));
      const shardsOf = new Map<string, number[]>();
      for (let index = 0; index < connectors.shards; index++)
        for await (const page of connectors.shard(index))
          for (const { connector, version } of page) {
            if (connector.config.tenant !== tenant) continue;
            expect(version).toBe(1);
            shardsOf.set(connector.config.name, [...(shardsOf.get(connector.config.name) ?? []), index]);
          }
      expect([...shardsOf.keys()].sort()).toEqual([...names].sort());
      expect([...shardsOf.values()].every((shards) => shards.length === 1)).toBe(true);
    });

    test('refuses a shard that does not exist', async () => {
      const pages = registry(items, { shards: 2 }).shard(2);
      await expect(pages[Symbol.asyncIterator]().next()).rejects.toMatchObject(refusal('PIO_REQUEST_INVALID'));
    });
  });
};
