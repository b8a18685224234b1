import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FragileBroker } from './trouble-broker.ts';
import { SmallDisk } from './trouble-disk.ts';
import { runsOn } from './trouble-processes.ts';
import { StoreView } from './trouble-store.ts';
import {
  append,
  compare,
  DEFINITION,
  Delivery,
  EXACT,
  startTroubledCloud,
  Table,
  until,
  untilArrived,
  untilDrained,
  untilTold,
  upTo,
} from './trouble-world.ts';

const LIMIT_MS = 300_000;
const mayMount = SmallDisk.isPossible();
const testWithDisk = mayMount ? test : test.skip;

describe(`a disk in trouble${mayMount ? '' : ' (skipped: a file system of its own may only be mounted by root)'}`, () => {
  let broker: FragileBroker;
  beforeAll(async () => {
    broker = await (await FragileBroker.reserve()).start();
  });
  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
  });

  testWithDisk(
    'that is full below the target is told, and everything arrives exactly once when there is room',
    async () => {
      using disk = new SmallDisk(2_048);
      using table = new Table(DEFINITION, disk.folder);
      await using cloud = await startTroubledCloud(broker);
      await using delivery = await Delivery.create(cloud, 'full', table);
      append(delivery.input, 0, 200);
      await untilArrived(table, 200);
      disk.fill();
      append(delivery.input, 200, 3_000);
      const { running } = await untilTold(cloud, 'sink', delivery.sink, /database or disk is full/, 3);
      expect(running).toBe(true);
      disk.makeRoom();
      await untilArrived(table, 3_000);
      await untilDrained(broker, delivery.topic, delivery.sink);
      expect(compare(table.read(), upTo(3_000))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  testWithDisk(
    'that is full below the store is told to whoever asks, and everything arrives exactly once when there is room',
    async () => {
      using disk = new SmallDisk(4_096);
      using table = new Table();
      const storeUrl = `sqlite:${join(disk.folder, 'store.db')}`;
      await using cloud = await startTroubledCloud(broker, { storeUrl });
      await using delivery = await Delivery.create(cloud, 'store', table);
      append(delivery.input, 0, 200);
      await untilArrived(table, 200);
      using store = new StoreView(storeUrl);
      // A reader keeps the store from reusing its log: from now on every write needs room.
      store.database.exec('BEGIN; SELECT count(*) FROM pulsar_io_items');
      const atWork = runsOn(storeUrl);
      disk.fill();
      append(delivery.input, 200, 3_000);
      const stop = () => cloud.command('sink', delivery.sink, 'stop');
      const refusal = await until('a write is refused', () =>
        stop().then(
          () => cloud.command('sink', delivery.sink, 'start').then(() => undefined),
          (error: Error) => error.message,
        ),
      );
      expect(refusal).toMatch(/answered 503: .*store.*refused for load or space\. Try again/);
      // The dispatcher starts others, as often as it looks.
      await until('the runs have given up', () => !runsOn(storeUrl).some((pid) => atWork.includes(pid)));
      expect(table.count()).toBeLessThan(3_000);
      store.database.exec('COMMIT');
      disk.makeRoom();
      await cloud.command('sink', delivery.sink, 'start').catch(() => undefined);
      await untilArrived(table, 3_000);
      await untilDrained(broker, delivery.topic, delivery.sink);
      expect(compare(table.read(), upTo(3_000))).toEqual(EXACT);
    },
    LIMIT_MS,
  );
});
