import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cloud } from './cloud/index.ts';
import { FragileBroker } from './trouble-broker.ts';
import { publishTexts, readTopic } from './trouble-topic.ts';
import {
  append,
  compare,
  DEFINITION,
  Delivery,
  EXACT,
  newFolder,
  newTopic,
  sinkConfig,
  startTroubledCloud,
  Table,
  told,
  until,
  untilArrived,
  untilTold,
  upTo,
} from './trouble-world.ts';

const LIMIT_MS = 300_000;
/** Refuses every hundredth record with a constraint error that names no value. */
const REFUSING = `${DEFINITION}; CREATE TRIGGER refuse BEFORE INSERT ON arrived WHEN new.n % 100 = 50 BEGIN SELECT RAISE(ABORT, 'not these'); END`;
const isRefused = (n: number) => n % 100 === 50;

describe('a sink in trouble', () => {
  let broker: FragileBroker;
  let cloud: Cloud;
  beforeAll(async () => {
    broker = await (await FragileBroker.reserve()).start();
    cloud = await startTroubledCloud(broker);
  });
  afterAll(async () => {
    await cloud[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
  });

  test(
    'waits for a folder that is missing, then for a table, and then writes everything in order',
    async () => {
      const folder = join(newFolder(), 'later');
      const file = join(folder, 'target.db');
      const configs = { jdbcUrl: `jdbc:sqlite:${file}`, tableName: 'arrived', batchSize: 100 };
      await using delivery = await Delivery.create(cloud, 'later', { configs });
      append(delivery.input, 0, 300);
      const { running } = await untilTold(cloud, 'sink', delivery.sink, new RegExp(`${file}: it does not exist`), 3);
      expect(running).toBe(true);
      mkdirSync(folder);
      using table = new Table('', folder);
      await untilTold(cloud, 'sink', delivery.sink, new RegExp(`${file} has no table arrived: create it`), 3);
      table.database.exec(DEFINITION);
      await untilArrived(table, 300);
      expect(compare(table.read(), upTo(300))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test(
    'waits for another process that has locked the database, and says so',
    async () => {
      using table = new Table();
      const sink = { configs: { ...table.configs, busyTimeoutMs: 50 } };
      await using delivery = await Delivery.create(cloud, 'locked', table, { sink });
      append(delivery.input, 0, 200);
      await untilArrived(table, 200);
      table.database.exec('BEGIN IMMEDIATE');
      append(delivery.input, 200, 500);
      await untilTold(cloud, 'sink', delivery.sink, new RegExp(`${table.file}: database is locked`), 3);
      table.database.exec('COMMIT');
      await untilArrived(table, 500);
      expect(compare(table.read(), upTo(500))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test(
    'holds back what follows a record that violates a constraint, until the constraint is gone',
    async () => {
      using table = new Table(REFUSING);
      await using delivery = await Delivery.create(cloud, 'refused', table);
      append(delivery.input, 0, 300);
      await untilTold(cloud, 'sink', delivery.sink, /not these .*maxMessageRetries.*deadLetterTopic/, 3);
      expect(table.read().filter((n) => n >= 50)).toEqual([]);
      table.database.exec('DROP TRIGGER refuse');
      await untilArrived(table, 300);
      expect(compare(table.read(), upTo(300))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test.each(['EFFECTIVELY_ONCE', 'ATLEAST_ONCE'])(
    'moves records that violate a constraint aside under %s, each of them once, and writes the rest',
    async (processingGuarantees) => {
      using table = new Table(REFUSING);
      const deadLetterTopic = newTopic();
      const sink = { processingGuarantees, maxMessageRetries: 2, deadLetterTopic };
      await using delivery = await Delivery.create(cloud, `aside-${processingGuarantees}`, table, { sink });
      const kept = upTo(500).filter((n) => !isRefused(n));
      append(delivery.input, 0, 500);
      await untilArrived(table, kept.length);
      const letters = await until('five letters', async () => {
        const found = await readTopic(broker.serviceUrl, deadLetterTopic);
        return found.length >= 5 && found;
      });
      expect(letters.map(({ text }) => JSON.parse(text).n)).toEqual(upTo(500).filter(isRefused));
      expect(letters[0]?.properties).toMatchObject({
        'pulsar-io.error': 'PIO_SINK_REJECTED',
        REAL_TOPIC: delivery.topic,
        REAL_SUBSCRIPTION: `public/default/${delivery.sink}`,
        ORIGIN_MESSAGE_ID: expect.stringMatching(/^\d+:\d+/),
        'file.name': 'input.ndjson',
      });
      expect({ ...compare(table.read(), kept), inOrder: true }).toEqual(EXACT);
      const status = await until('the status counts', async () => {
        const now = await told(cloud, 'sink', delivery.sink);
        return now.written === kept.length && now;
      });
      expect(status).toMatchObject({ read: 500, written: 495, running: true });
      expect(status.exceptions.at(-1)).toMatch(/PIO_SINK_REJECTED.*not these/);
    },
    LIMIT_MS,
  );

  test(
    'names a message that is no JSON object, and moves it aside once it is told where to',
    async () => {
      using table = new Table();
      const topic = newTopic();
      const deadLetterTopic = newTopic();
      await cloud.create('sink', 'unreadable', sinkConfig(table, topic));
      await publishTexts(broker.serviceUrl, topic, ['{"n":0}', '{"n":1}', 'oops', '{"n":2}']);
      await untilTold(cloud, 'sink', 'unreadable', /message \d+:\d+.* is not a JSON object .*deadLetterTopic/, 2);
      expect(table.read()).toEqual([0, 1]);
      await cloud.update('sink', 'unreadable', sinkConfig(table, topic, { maxMessageRetries: 1, deadLetterTopic }));
      await untilArrived(table, 3);
      expect(compare(table.read(), upTo(3))).toEqual(EXACT);
      expect((await readTopic(broker.serviceUrl, deadLetterTopic)).map(({ text }) => text)).toEqual(['oops']);
      await cloud.remove('sink', 'unreadable');
    },
    LIMIT_MS,
  );
});
