import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cloud } from './cloud/index.ts';
import { FragileBroker } from './trouble-broker.ts';
import { deliverThroughKills } from './trouble-broker-kills.ts';
import {
  append,
  compare,
  Delivery,
  EXACT,
  sinkConfig,
  startTroubledCloud,
  Table,
  untilArrived,
  untilTold,
  upTo,
} from './trouble-world.ts';

const LIMIT_MS = 300_000;

describe('a broker in trouble', () => {
  // It takes a connection's time limit to notice, so it begins here and is looked at last.
  let silent: Server;
  let silentCloud: Cloud;
  beforeAll(async () => {
    silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    silentCloud = await startTroubledCloud({ serviceUrl: `pulsar://127.0.0.1:${port}` });
    using table = new Table();
    await silentCloud.create('sink', 'silent', sinkConfig(table, 'persistent://public/default/silent'));
  });
  afterAll(async () => {
    await silentCloud[Symbol.asyncDispose]();
    silent.close();
  });

  test(
    'is waited for when it is down at create and at run, and everything flows once it is up',
    async () => {
      await using broker = await FragileBroker.reserve();
      using table = new Table();
      const { serviceUrl } = broker;
      // Nothing is asked of the admin API at create: the trouble shows with the first run.
      await using cloud = await startTroubledCloud({ serviceUrl });
      await using delivery = await Delivery.create(cloud, 'early', table);
      append(delivery.input, 0, 400);
      const address = new RegExp(`PIO_PULSAR_UNAVAILABLE.*${serviceUrl.replace('pulsar://', '')}`);
      for (const [kind, name] of [
        ['source', delivery.source],
        ['sink', delivery.sink],
      ] as const) {
        expect(await untilTold(cloud, kind, name, address, 4)).toMatchObject({ running: true });
      }
      await broker.start();
      await untilArrived(table, 400);
      expect(compare(table.read(), upTo(400))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test(
    'refuses a create with 503 while its admin API is down, leaves nothing behind, and takes it afterwards',
    async () => {
      await using broker = await FragileBroker.reserve();
      using table = new Table();
      await using cloud = await startTroubledCloud(broker);
      const create = () => cloud.create('sink', 'early', sinkConfig(table, 'persistent://public/default/early'));
      await expect(create()).rejects.toThrow(/answered 503: .*Pulsar broker did not answer.*Try again/);
      await broker.start();
      await create();
      await cloud.remove('sink', 'early');
    },
    LIMIT_MS,
  );

  test(
    'may be killed in mid-stream and started again, several times, and EFFECTIVELY_ONCE stays exact',
    async () => {
      await using broker = await (await FragileBroker.reserve()).start();
      expect(await deliverThroughKills(broker, { kill: () => broker.kill(), restart: () => broker.start() })).toEqual(
        EXACT,
      );
    },
    LIMIT_MS,
  );

  test(
    'does not hang a run when it takes connections and never answers',
    async () => {
      await untilTold(silentCloud, 'sink', 'silent', /PIO_PULSAR_UNAVAILABLE/);
    },
    LIMIT_MS,
  );
});
