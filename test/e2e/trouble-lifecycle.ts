import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { guardPrefix } from '../../src/core/names.ts';
import type { Cloud } from './cloud/index.ts';
import type { BrokerAddress } from './embedded-broker.ts';
import { growFile } from './growing-file.ts';
import { StoreView } from './trouble-store.ts';
import {
  append,
  compare,
  Delivery,
  EXACT,
  newFolder,
  newTopic,
  sinkConfig,
  sourceConfig,
  startTroubledCloud,
  Table,
  told,
  until,
  untilArrived,
  untilDrained,
  upTo,
} from './trouble-world.ts';

const LIMIT_MS = 300_000;

/** Stop, start, restart, update and delete while records flow, on a broker that deduplicates. */
export const lifecycleTroubles = (name: string, brokerOf: () => BrokerAddress): void =>
  describe(`commands while records flow: ${name}`, () => {
    const storeUrl = `sqlite:${join(newFolder(), 'store.db')}`;
    let broker: BrokerAddress;
    let cloud: Cloud;
    beforeAll(async () => {
      broker = brokerOf();
      cloud = await startTroubledCloud(broker, { storeUrl });
    });
    afterAll(async () => {
      await cloud[Symbol.asyncDispose]();
    });

    const subscriptionsOf = async (topic: string): Promise<string[]> => {
      const response = await fetch(`${broker.adminUrl}/admin/v2/${topic.replace('://', '/')}/subscriptions`);
      return response.ok ? ((await response.json()) as string[]) : [];
    };

    test(
      'stop, start and restart leave EFFECTIVELY_ONCE exact, and what is stopped writes nothing',
      async () => {
        using table = new Table();
        await using delivery = await Delivery.create(cloud, 'commanded', table);
        const { source, sink } = delivery;
        const records = 2_500;
        const growing = growFile(delivery.input, records, 25, 35);
        await untilArrived(table, 200);
        await cloud.command('sink', sink, 'stop');
        await until('the sink has stopped', async () => !(await told(cloud, 'sink', sink)).running);
        const stoppedAt = await until('nothing is written any more', async () => {
          const before = table.count();
          await cloud.state();
          await new Promise((resolve) => setTimeout(resolve, 700));
          return table.count() === before && before;
        });
        await cloud.command('source', source, 'restart');
        expect(table.count()).toBe(stoppedAt);
        await cloud.command('sink', sink, 'start');
        // On a busy machine the sink stopped when nothing was left.
        await untilArrived(table, Math.min(records, stoppedAt + 300));
        await cloud.command('source', source, 'stop');
        await cloud.command('sink', sink, 'restart');
        await cloud.killRuns();
        await cloud.command('source', source, 'start');
        await cloud.command('source', source, 'restart');
        await growing;
        await untilArrived(table, records);
        await untilDrained(broker, delivery.topic, sink);
        expect(compare(table.read(), upTo(records))).toEqual(EXACT);
      },
      LIMIT_MS,
    );

    test(
      'updates that keep EFFECTIVELY_ONCE leave it exact, with runs killed at each of them',
      async () => {
        using table = new Table();
        await using delivery = await Delivery.create(cloud, 'updated', table);
        const { source, sink, input } = delivery;
        const records = 2_500;
        const growing = growFile(input, records, 25, 35);
        const file = { path: input, format: 'ndjson' };
        for (const [step, arrived] of [200, 1_200].entries()) {
          await untilArrived(table, arrived);
          await cloud.killRuns();
          await cloud.update('source', source, { configs: { ...file, pollingInterval: 150 + step } });
          await cloud.update('sink', sink, { configs: { ...table.configs, batchSize: 50 + step } });
        }
        await growing;
        await untilArrived(table, records);
        await untilDrained(broker, delivery.topic, sink);
        expect(compare(table.read(), upTo(records))).toEqual(EXACT);
      },
      LIMIT_MS,
    );

    test(
      'the guarantee may change to and fro without loss, and without repetition where neither side may repeat',
      async () => {
        using table = new Table();
        await using delivery = await Delivery.create(cloud, 'changed', table);
        const { source, sink } = delivery;
        const records = 2_000;
        const growing = growFile(delivery.input, records, 25, 35);
        await untilArrived(table, 200);
        await cloud.update('sink', sink, { processingGuarantees: 'ATLEAST_ONCE' });
        await untilArrived(table, 600);
        await cloud.update('source', source, { processingGuarantees: 'ATLEAST_ONCE' });
        await untilArrived(table, 1_000);
        await cloud.update('sink', sink, { processingGuarantees: 'EFFECTIVELY_ONCE' });
        await cloud.update('source', source, { processingGuarantees: 'EFFECTIVELY_ONCE' });
        await growing;
        await until('all arrived', () => new Set(table.read()).size === records);
        await untilDrained(broker, delivery.topic, sink);
        expect(compare(table.read(), upTo(records))).toMatchObject({ lost: [], strange: [] });
        const repeatedBefore = compare(table.read(), []).repeated;
        // From here on nothing may be lost or repeated: orderly changes between guarantees that both do not repeat.
        await cloud.update('sink', sink, { processingGuarantees: 'ATMOST_ONCE' });
        append(delivery.input, records, records + 200);
        await until('all arrived', () => new Set(table.read()).size === records + 200);
        await cloud.update('sink', sink, { processingGuarantees: 'EFFECTIVELY_ONCE' });
        append(delivery.input, records + 200, records + 400);
        await until('all arrived', () => new Set(table.read()).size === records + 400);
        await untilDrained(broker, delivery.topic, sink);
        expect(compare(table.read(), upTo(records + 400))).toMatchObject({ lost: [], repeated: repeatedBefore });
      },
      LIMIT_MS,
    );

    test(
      'delete leaves nothing behind, and the same name starts afresh',
      async () => {
        using table = new Table();
        using store = new StoreView(storeUrl);
        const delivery = await Delivery.create(cloud, 'deleted', table);
        const { source, sink, topic, input } = delivery;
        const growing = growFile(input, 1_000, 25, 35);
        await untilArrived(table, 200);
        const uids = [source, sink].map((name) => store.connector(name)?.uid ?? '');
        expect(await subscriptionsOf(topic)).toEqual(
          expect.arrayContaining([expect.stringContaining(guardPrefix(uids[0] as string)), `public/default/${sink}`]),
        );
        await cloud.remove('source', source);
        await cloud.remove('sink', sink);
        await growing;
        // What a run still holds when the answer is given, the dispatcher deletes behind it.
        await until('nothing is left', () => uids.flatMap((uid) => store.keysOf(uid)).length === 0);
        expect(await subscriptionsOf(topic)).toEqual([]);
        await expect(told(cloud, 'sink', sink)).rejects.toThrow(/404/);
        // Runs that were on their way find that they are not wanted any more, and leave nothing either.
        await until('no run is left', async () => (await cloud.state()).running === 0);
        expect(uids.flatMap((uid) => store.keysOf(uid))).toEqual([]);
        expect(await subscriptionsOf(topic)).toEqual([]);

        using fresh = new Table();
        const newerTopic = newTopic();
        await cloud.create('sink', sink, sinkConfig(fresh, newerTopic));
        await cloud.create('source', source, sourceConfig(input, newerTopic));
        await untilArrived(fresh, 1_000);
        await untilDrained(broker, newerTopic, sink);
        expect(compare(fresh.read(), upTo(1_000))).toEqual(EXACT);
        expect([source, sink].map((name) => store.connector(name)?.generation)).toEqual([1, 1]);
        await delivery[Symbol.asyncDispose]();
      },
      LIMIT_MS,
    );
  });
