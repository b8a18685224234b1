import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cloud } from './cloud/index.ts';
import { inputRecord } from './growing-file.ts';
import { FragileBroker } from './trouble-broker.ts';
import { readTopic } from './trouble-topic.ts';
import {
  append,
  compare,
  Delivery,
  EXACT,
  newTopic,
  startTroubledCloud,
  Table,
  untilArrived,
  untilStopped,
  untilTold,
  upTo,
} from './trouble-world.ts';

const LIMIT_MS = 300_000;

describe('a source in trouble', () => {
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

  const withDeadLetters = (topic: string) => ({ customRuntimeOptions: JSON.stringify({ deadLetterTopic: topic }) });

  test(
    'waits for a file that is missing, then unreadable, and names it and the errno',
    async () => {
      using table = new Table();
      await using delivery = await Delivery.create(cloud, 'missing', table);
      const { source, input } = delivery;
      const { error, running } = await untilTold(cloud, 'source', source, new RegExp(`opening ${input}: ENOENT`), 2);
      expect({ error, running }).toEqual({ error: expect.stringMatching(/ENOENT|^$/), running: true });
      symlinkSync(input, input);
      await untilTold(cloud, 'source', source, new RegExp(`opening ${input}: ELOOP`));
      unlinkSync(input);
      mkdirSync(input);
      await untilTold(cloud, 'source', source, new RegExp(`${input}: EISDIR`));
      rmdirSync(input);
      append(input, 0, 300);
      await untilArrived(table, 300);
      expect(compare(table.read(), upTo(300))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test(
    'says what is missing when it was created without a topic, as Pulsar allows, and flows once it has one',
    async () => {
      using table = new Table();
      await using delivery = await Delivery.create(cloud, 'aimless', table, { source: { topicName: undefined } });
      const { source, input, topic } = delivery;
      append(input, 0, 100);
      await untilStopped(cloud, 'source', source, /has no topic to publish to: update it with a topicName/);
      await cloud.update('source', source, { topicName: topic });
      await untilArrived(table, 100);
      expect(compare(table.read(), upTo(100))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test(
    'stops when its file was replaced in mid-stream, publishes nothing of the other, and goes on when it is back',
    async () => {
      using table = new Table();
      await using delivery = await Delivery.create(cloud, 'replaced', table);
      const { source, input } = delivery;
      append(input, 0, 300);
      await untilArrived(table, 300);
      renameSync(input, `${input}.kept`);
      append(`${input}.other`, 1_000, 1_500);
      renameSync(`${input}.other`, input);
      const { error } = await untilStopped(cloud, 'source', source, /replaced/);
      expect(error).toMatch(/was read up to byte \d+, and other bytes are there now .*restore it/);
      renameSync(`${input}.kept`, input);
      append(input, 300, 600);
      await cloud.command('source', source, 'restart');
      await untilArrived(table, 600);
      expect(compare(table.read(), upTo(600))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test(
    'stops at a line that is no JSON, and delivers everything once the line is mended',
    async () => {
      using table = new Table();
      await using delivery = await Delivery.create(cloud, 'mended', table);
      const { source, input } = delivery;
      append(input, 0, 350);
      const start = readFileSync(input).length;
      append(input, 350, 500);
      const good = readFileSync(input);
      const bad = Buffer.from(good);
      bad[start] = 'x'.charCodeAt(0);
      writeFileSync(input, bad);
      const { error } = await untilStopped(cloud, 'source', source, /not JSON/);
      expect(error).toMatch(/record 351 at byte \d+.*"deadLetterTopic" in customRuntimeOptions/);
      await untilArrived(table, 350);
      expect(table.count()).toBe(350);
      // Longer than before: every record behind it moves.
      const mended = JSON.stringify({ ...inputRecord(350), text: 'y'.repeat(500) });
      const rest = good.subarray(good.indexOf('\n', start));
      writeFileSync(input, Buffer.concat([good.subarray(0, start), Buffer.from(mended), rest]));
      await cloud.command('source', source, 'restart');
      await untilArrived(table, 500);
      append(input, 500, 520);
      await untilArrived(table, 520);
      expect(compare(table.read(), upTo(520))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test(
    'moves invalid lines aside once a dead letter topic is given, and the rest arrives in order',
    async () => {
      using table = new Table();
      await using delivery = await Delivery.create(cloud, 'aside', table);
      const { source, input } = delivery;
      append(input, 0, 100);
      appendFileSync(input, '{"n": oops}\n\n');
      append(input, 100, 200);
      appendFileSync(input, 'and again\n');
      append(input, 200, 300);
      await untilStopped(cloud, 'source', source, /not JSON/);
      const letters = newTopic();
      await cloud.update('source', source, withDeadLetters(letters));
      await untilArrived(table, 300);
      expect(compare(table.read(), upTo(300))).toEqual(EXACT);
      const found = await readTopic(broker.serviceUrl, letters);
      expect(found.map(({ text }) => text)).toEqual(['{"n": oops}', 'and again']);
      expect(found[0]?.properties).toMatchObject({
        'pulsar-io.error': 'PIO_SOURCE_RECORD_INVALID',
        'pulsar-io.source-partition': 'input.ndjson',
        'file.name': 'input.ndjson',
        'pulsar-io.sequence': expect.stringMatching(/^\d+$/),
      });
    },
    LIMIT_MS,
  );

  test(
    'moves a record aside that is too large for the broker, with all others delivered in order',
    async () => {
      using table = new Table();
      const letters = newTopic();
      const file = { format: 'ndjson', pollingInterval: 200, maxRecordBytes: 32 * 1024 * 1024 };
      await using delivery = await Delivery.create(cloud, 'large', table, { source: withDeadLetters(letters) });
      const { source, input } = delivery;
      await cloud.update('source', source, { configs: { path: input, ...file } });
      const large = JSON.stringify({ n: -1, text: randomBytes(4 * 1024 * 1024).toString('hex') });
      append(`${input}.new`, 0, 100);
      appendFileSync(`${input}.new`, `${large}\nno JSON\n`);
      append(`${input}.new`, 100, 200);
      appendFileSync(`${input}.new`, `${large}\n`);
      append(`${input}.new`, 200, 300);
      renameSync(`${input}.new`, input);
      await untilArrived(table, 300);
      expect(compare(table.read(), upTo(300))).toEqual(EXACT);
      const codes = (await readTopic(broker.serviceUrl, letters)).map(
        ({ properties }) => properties['pulsar-io.error'],
      );
      expect(codes).toEqual(['PIO_RECORD_TOO_LARGE', 'PIO_SOURCE_RECORD_INVALID', 'PIO_RECORD_TOO_LARGE']);
    },
    LIMIT_MS,
  );

  test(
    'stops at a line that is longer than allowed, and delivers everything once more is allowed',
    async () => {
      using table = new Table();
      const file = { format: 'ndjson', pollingInterval: 200 };
      await using delivery = await Delivery.create(cloud, 'long', table);
      const { source, input } = delivery;
      await cloud.update('source', source, { configs: { path: input, ...file, maxRecordBytes: 1_000 } });
      append(input, 0, 100);
      appendFileSync(input, `${JSON.stringify({ ...inputRecord(100), text: 'x'.repeat(5_000) })}\n`);
      append(input, 101, 200);
      const { error } = await untilStopped(cloud, 'source', source, /maxRecordBytes \(1000\): raise it/);
      expect(error).toMatch(/input\.ndjson has at byte \d+ a record/);
      await cloud.update('source', source, { configs: { path: input, ...file, maxRecordBytes: 10_000 } });
      await untilArrived(table, 200);
      expect(compare(table.read(), upTo(200))).toEqual(EXACT);
    },
    LIMIT_MS,
  );

  test(
    'names the row of a CSV file whose number of columns changes, and goes on behind it',
    async () => {
      using table = new Table();
      const letters = newTopic();
      await using delivery = await Delivery.create(cloud, 'csv', table);
      const { source, input } = delivery;
      const configs = { path: input, format: 'csv', csvTypes: { n: 'integer' }, pollingInterval: 200 };
      await cloud.update('source', source, { configs });
      const rows = (from: number, to: number) => upTo(to - from).map((i) => `r-${from + i},${from + i},text\n`);
      const wrong = ['one,50,text,too many\n', 'only one cell\n'];
      writeFileSync(`${input}.new`, ['id,n,text\n', ...rows(0, 50), ...wrong, ...rows(50, 120)].join(''));
      renameSync(`${input}.new`, input);
      const { error } = await untilStopped(cloud, 'source', source, /the row has 4 columns, the header 3/);
      expect(error).toMatch(/input\.ndjson, record 51 at byte \d+/);
      await cloud.update('source', source, withDeadLetters(letters));
      await untilArrived(table, 120);
      expect(compare(table.read(), upTo(120))).toEqual(EXACT);
      const found = await readTopic(broker.serviceUrl, letters);
      expect(found.map(({ text }) => `${text}\n`)).toEqual(wrong);
    },
    LIMIT_MS,
  );
});
