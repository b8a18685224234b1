import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ItemStore } from '../../src/core/item-store.ts';
import { connectorState, inboxOf } from '../../src/stores/keys.ts';
import { FakePulsar, SINK, SOURCE, startControlPlane, type TestControlPlane } from '../control-plane/harness.ts';

const RIVALS = 25;
const OUT_OF_DATE = 'Update request ignored because it is out of date. Please try again.';

type Answers = readonly { readonly status: number; readonly reason: string | undefined }[];

const winnersOf = (answers: Answers) => ({
  won: answers.filter(({ status }) => status === 204).length,
  refused: [...new Set(answers.filter(({ status }) => status !== 204).map(({ reason }) => reason))].sort(),
});

/** A process that is killed at its `at`-th write, before the write happens or once it did: nothing that it does later happens. */
class Dying {
  readonly #at: number;
  readonly #isAfter: boolean;
  #writes = 0;

  constructor(at: number, isAfter: boolean) {
    this.#at = at;
    this.#isAfter = isAfter;
  }

  get isDead(): boolean {
    return this.#writes >= this.#at;
  }

  write<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      this.#requireAlive();
      this.#writes += 1;
      if (this.isDead && !this.#isAfter) this.#requireAlive();
      const result = await call(...args);
      this.#requireAlive();
      return result;
    };
  }

  #requireAlive(): void {
    if (this.isDead) throw new Error('killed');
  }
}

/** What the control plane promises of commands that meet, and of one that is killed, over a store that `open` opens. */
export const controlPlaneStoreContract = (name: string, open: () => Promise<ItemStore>): void =>
  describe(`the control plane over ${name}`, () => {
    let items: ItemStore;
    let api: TestControlPlane;
    let connector: string;
    const started: TestControlPlane[] = [];
    const start = async (over = items, pulsar = new FakePulsar()): Promise<TestControlPlane> => {
      const more = await startControlPlane({ newUid: () => randomUUID(), pulsar }, { over });
      started.push(more);
      return more;
    };
    beforeEach(async () => {
      items = await open();
      api = await start();
      connector = `k-${randomUUID()}`;
    });
    afterEach(() => items.close());

    const registered = async () =>
      (await api.deps.registry.get({ tenant: 'public', namespace: 'default', name: connector }))?.connector;

    test('of many who create one name at once exactly one wins, and the stored one is his', async () => {
      const another = await start(await open());
      const sinks = Array.from({ length: RIVALS }, (_, index) =>
        (index % 2 ? api : another).createSink(connector, { ...SINK, sourceSubscriptionName: `sub-${index}` }),
      );
      const sources = Array.from({ length: RIVALS }, () => api.createSource(connector, SOURCE));
      const answers = await Promise.all([...sinks, ...sources]);
      const { won, refused } = winnersOf(answers);
      expect(won).toBe(1);
      for (const reason of refused) {
        expect([OUT_OF_DATE, `Sink ${connector} already exists`, `Source ${connector} already exists`]).toContain(
          reason,
        );
      }
      const winner = answers.findIndex(({ status }) => status === 204);
      const config = (await registered())?.config as { sourceSubscriptionName?: string };
      expect(config.sourceSubscriptionName).toBe(winner < RIVALS ? `sub-${winner}` : undefined);
      another.close();
    });

    test('of many who update at once, each either changed what is stored or was told to try again', async () => {
      await api.createSink(connector, SINK);
      const answers = await Promise.all(
        Array.from({ length: RIVALS }, (_, index) => api.updateSink(connector, { parallelism: index + 2 })),
      );
      const { won, refused } = winnersOf(answers);
      expect(won).toBeGreaterThanOrEqual(1);
      expect([[], [OUT_OF_DATE]]).toContainEqual(refused);
      const stored = await registered();
      expect(stored?.generation).toBe(1 + won);
      expect(answers[(stored?.config.parallelism ?? 0) - 2]?.status).toBe(204);
    });

    /** Whatever is stored for a connector's uid. */
    const leftOf = async (uid: string): Promise<string[]> => {
      const pages = await Promise.all([connectorState(uid), inboxOf(uid)].map((pk) => items.query(pk, {})));
      return pages.flatMap((page) => page.items.map(({ key }) => key.sk));
    };

    const connectorWithState = async (pulsar: FakePulsar): Promise<string> => {
      const fresh = await start(items, pulsar);
      expect((await fresh.createSink(connector, { ...SINK, parallelism: 2 })).status).toBe(204);
      const uid = (await registered())?.uid ?? '';
      for (const partition of ['p', 'q'])
        await api.deps.checkpoints.fence(uid, partition, { generation: 1, epoch: 1 }, {});
      pulsar.existing.set('in', new Map([[`public/default/${connector}`, {}]]));
      return uid;
    };

    /** Deletes a connector and is killed at the n-th write; then somebody deletes it again, or creates another of the name. Whether it was killed. */
    const killedDelete = async (at: number, isAfter: boolean): Promise<boolean> => {
      const pulsar = new FakePulsar();
      const uid = await connectorWithState(pulsar);
      const dying = new Dying(at, isAfter);
      const dyingItems: ItemStore = {
        get: (...args) => items.get(...args),
        getMany: (...args) => items.getMany(...args),
        query: (...args) => items.query(...args),
        close: () => items.close(),
        put: dying.write((...args) => items.put(...args)),
        delete: dying.write((...args) => items.delete(...args)),
      };
      const dyingPulsar = Object.assign(Object.create(pulsar) as FakePulsar, {
        deleteSubscription: dying.write(pulsar.deleteSubscription.bind(pulsar)),
      });
      const { status } = await (await start(dyingItems, dyingPulsar)).remove(`sinks/public/default/${connector}`);
      const next = await start(items, pulsar);
      if (dying.isDead) {
        expect(status).toBe(500);
        if (at % 2 === 0) expect((await next.createSource(connector, SOURCE)).status).toBe(204);
        const last = await next.remove(`${at % 2 === 0 ? 'sources' : 'sinks'}/public/default/${connector}`);
        // The last write removes the name: after it there is nothing to repeat.
        expect([204, 404]).toContain(last.status);
      }
      expect({ at, isAfter, registered: await registered(), left: await leftOf(uid) }).toEqual({
        ...{ at, isAfter },
        ...{ registered: undefined, left: [] },
      });
      expect(pulsar.existing.get('in')?.size).toBe(0);
      return dying.isDead;
    };

    test.each([
      ['before', false],
      ['after', true],
    ])(
      'a delete that is killed %s any of its writes is finished by the next one, or by a create of that name',
      async (_, isAfter) => {
        let at = 1;
        while (await killedDelete(at, isAfter)) at += 1;
        expect(at).toBeGreaterThan(6);
      },
    );
  });
