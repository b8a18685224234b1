import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Cloud } from '../e2e/cloud/index.ts';
import { growFile } from '../e2e/growing-file.ts';
import {
  append,
  compare,
  Delivery,
  EXACT,
  newFolder,
  newTopic,
  sinkConfig,
  sourceConfig,
  Table,
  told,
  until,
  untilArrived,
  upTo,
} from '../e2e/trouble-world.ts';
import { StartProcess } from './start-process.ts';

jest.setTimeout(360_000);

/** The dispatcher of `npm start` looks once a minute: what comes sooner did not wait for it. */
const SECONDS_MS = 20_000;

describe("npm start's admin API", () => {
  let offline: StartProcess;
  let cloud: Cloud;

  beforeAll(async () => {
    const data = mkdtempSync(join(tmpdir(), 'pio-start-admin-'));
    offline = new StartProcess(['--data', data, '--port', '0', '--broker-port', '0', '--no-samples']);
    const [, port] = await offline.printed(/Ready: admin API http:\/\/127\.0\.0\.1:(\d+)/);
    cloud = new Cloud(async () => {}, Number(port), '');
  });
  afterAll(async () => void (await offline.interrupt()));

  const ask = async (method: string, path: string, body?: object) => {
    const form = new FormData();
    const kind = path.startsWith('sources') ? 'sourceConfig' : 'sinkConfig';
    if (body) form.append(kind, new Blob([JSON.stringify(body)], { type: 'application/json' }));
    const isForm = body && !path.endsWith('/positions');
    const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const sent = body && (isForm ? { body: form } : json);
    const response = await fetch(`${cloud.url}/admin/v3/${path}`, { method, ...sent });
    const text = await response.text();
    return { status: response.status, ...(text && JSON.parse(text)) };
  };

  const detailsOf = async (kind: 'source' | 'sink', name: string) =>
    (await cloud.status(kind, name)).instances[0].status.details;

  /** Resolves with the id of the run that works, as soon as it is not `before`. */
  const newRun = (name: string, before?: string): Promise<string> =>
    until(
      `another run works for ${name}`,
      async () => {
        const { runId, phase } = await detailsOf('sink', name);
        return phase === 'running' && runId !== before && runId;
      },
      SECONDS_MS,
    );

  test('stop, start, update and restart take effect within seconds while records flow, and nothing is lost or repeated', async () => {
    using table = new Table();
    await using delivery = await Delivery.create(cloud, 'busy', table);
    const { sink } = delivery;
    let isEnough = false;
    const growing = growFile(delivery.input, 40_000, 10, 40, async () => isEnough);
    await untilArrived(table, 100);

    await cloud.command('sink', sink, 'stop');
    await until('the run has ended', async () => (await detailsOf('sink', sink)).phase === 'stopped', SECONDS_MS);
    const stoppedAt = table.count();
    await cloud.command('sink', sink, 'start');
    await untilArrived(table, stoppedAt + 100, SECONDS_MS);
    const first = await newRun(sink);

    await cloud.update('sink', sink, { configs: { ...table.configs, batchSize: 20 } });
    const second = await newRun(sink, first);
    await untilArrived(table, table.count() + 100, SECONDS_MS);

    await cloud.command('sink', sink, 'restart');
    await newRun(sink, second);
    await untilArrived(table, table.count() + 100, SECONDS_MS);

    isEnough = true;
    const written = await growing;
    await untilArrived(table, written);
    expect(compare(table.read(), upTo(written))).toEqual(EXACT);
    const { waiting } = await until('what was written is acknowledged', async () => {
      const { details } = await cloud.status('sink', sink);
      return details.waiting.topics[0].backlog === 0 && details;
    });
    expect(waiting).toMatchObject({
      topics: [{ topic: expect.stringContaining(delivery.topic), backlog: 0, lagMs: 0 }],
    });
    const { size } = statSync(delivery.input);
    await until('the status shows the end of the file', async () => {
      const { partitions } = await detailsOf('source', delivery.source);
      return partitions[basename(delivery.input)]?.position.offset === size;
    });
  });

  test('checks, previews and prices what does not exist yet, creates it stopped, and sets positions', async () => {
    using table = new Table();
    const [topic, input] = [newTopic(), join(newFolder(), 'in.ndjson')];
    append(input, 0, 20);
    const [source, sink] = [sourceConfig(input, topic), sinkConfig(table, topic)];
    const wrong = sinkConfig({ configs: { ...table.configs, tableName: 'nosuch' } }, topic);
    expect(await ask('POST', 'sinks/public/default/add/check', sink)).toMatchObject({ status: 200, ok: true });
    expect(await ask('POST', 'sinks/public/default/add/check', wrong)).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([
        expect.objectContaining({ side: 'system', ok: false, what: expect.stringContaining('nosuch') }),
      ]),
    });
    expect(await ask('POST', 'sources/public/default/addin/preview?records=2', source)).toMatchObject({
      records: [{ value: expect.stringContaining('r-0') }, { value: expect.stringContaining('r-1') }],
    });
    expect(await ask('POST', 'sinks/public/default/add/cost', sink)).toMatchObject({ status: 200 });
    expect(await ask('GET', 'sinks/public/default/add')).toMatchObject({ status: 404 });

    expect(await ask('POST', 'sources/public/default/addin?stopped=true', source)).toEqual({ status: 204 });
    expect(await ask('POST', 'sinks/public/default/add', sink)).toEqual({ status: 204 });
    expect(await told(cloud, 'source', 'addin')).toMatchObject({ running: false, read: 0 });
    const positions = 'sources/public/default/addin/positions';
    expect(await ask('PUT', positions, { nosuch: { wrong: true } })).toMatchObject({ status: 400 });
    await cloud.command('source', 'addin', 'start');
    await untilArrived(table, 20);
    expect(await ask('PUT', positions, { 'in.ndjson': null })).toMatchObject({ status: 400 });
    await cloud.command('source', 'addin', 'stop');
    await until('no run is left', async () => (await detailsOf('source', 'addin')).phase === 'stopped');
    expect(await ask('GET', positions)).toMatchObject({ partitions: [{ partition: 'in.ndjson', clean: true }] });
    expect(await ask('PUT', positions, { 'in.ndjson': null })).toEqual({ status: 204 });
    await cloud.command('source', 'addin', 'start');
    await untilArrived(table, 40);
    const previewed = await until('what was written is acknowledged', async () => {
      const answer = await ask('POST', 'sinks/public/default/add/preview');
      return (answer.status !== 200 || answer.records.length === 0) && answer;
    });
    expect(previewed).toMatchObject({ status: 200, records: [] });
    await Promise.all([cloud.remove('source', 'addin'), cloud.remove('sink', 'add')]);
  });

  test('shows dead letters with their reasons, has them written again, and drops them', async () => {
    using table = new Table(`CREATE TABLE arrived (id TEXT, n INTEGER CHECK (n <> 3), text TEXT)`);
    const letters = { maxMessageRetries: 1, deadLetterTopic: newTopic() };
    await using delivery = await Delivery.create(cloud, 'letters', table, { sink: letters });
    append(delivery.input, 0, 6);
    const path = `sinks/public/default/${delivery.sink}/dead-letters`;
    await until('a letter is there', async () => (await ask('GET', path)).topics[0]?.count === 1);
    await untilArrived(table, 5);
    expect(await ask('GET', path)).toMatchObject({
      topics: [{ letters: [{ reason: expect.stringContaining('CHECK') }] }],
    });
    table.database.exec('ALTER TABLE arrived RENAME TO old; CREATE TABLE arrived (id TEXT, n INTEGER, text TEXT);');
    expect(await ask('POST', `${path}?allowReordering=true`)).toMatchObject({ status: 200 });
    await until('it is written', () => table.read().includes(3));
    await until('no letter is left', async () => (await ask('GET', path)).topics[0]?.count === 0);
    expect(await ask('DELETE', path)).toMatchObject({ status: 400 });
    expect(await ask('DELETE', `${path}?confirm=${delivery.sink}`)).toMatchObject({ status: 200 });
    await until('both are counted', async () => {
      const { numDeadLettered, numRedriven } = await detailsOf('sink', delivery.sink);
      return numDeadLettered === 1 && numRedriven === 1;
    });
  });
});
