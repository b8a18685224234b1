import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { catalogue } from '../../src/connectors/catalogue.ts';
import { inspect } from '../../src/runtime/inspect/inspect.ts';
import { startControlPlane, type TestControlPlane } from '../control-plane/harness.ts';
import { World } from './kit/world.ts';

let world: World;
let api: TestControlPlane;
let folder: string;
beforeEach(async () => {
  world = await World.start();
  const deps = { ...world.deps, catalogue };
  const { pulsar } = deps;
  api = await startControlPlane({
    catalogue,
    checkpoints: deps.checkpoints,
    clock: deps.clock,
    inspect: (request) => inspect(request, deps),
    ...(pulsar && { pulsar }),
  });
  folder = mkdtempSync(join(tmpdir(), 'pio-inspect-'));
  const database = new DatabaseSync(join(folder, 'target.db'));
  database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)');
  database.close();
});
afterEach(async () => {
  await api.close();
  await world[Symbol.asyncDispose]();
});

const ask = (kind: 'source' | 'sink', what: string, config?: object) =>
  api.send({
    method: 'POST',
    path: `/admin/v3/${kind}s/public/default/c/${what}`,
    ...(config && {
      parts: [{ name: `${kind}Config`, contentType: 'application/json', body: JSON.stringify(config) }],
    }),
  });

const sqlite = (topic: string, more: object = {}, configs: object = {}) => ({
  inputs: [topic],
  archive: 'builtin://jdbc-sqlite',
  sourceSubscriptionPosition: 'Earliest',
  configs: { jdbcUrl: `jdbc:sqlite:${join(folder, 'target.db')}`, tableName: 'orders', key: 'id', ...configs },
  ...more,
});

const file = (topic: string, configs: object = {}) => ({
  topicName: topic,
  archive: 'builtin://file',
  configs: { inputDirectory: join(folder, 'in'), ...configs },
});

/** All that an inspection might leave behind. */
const traces = async (topic: string) => {
  const database = new DatabaseSync(join(folder, 'target.db'));
  const tables = database.prepare('SELECT name FROM sqlite_master').all();
  const rows = database.prepare('SELECT count(*) AS n FROM orders').get();
  database.close();
  return {
    tables,
    rows,
    topics: await world.deps.pulsar?.topics('public/default'),
    subscriptions: await world.deps.pulsar?.subscriptions(topic),
    registered: await api.deps.registry.get({ tenant: 'public', namespace: 'default', name: 'c' }),
    checkpoints: await world.deps.checkpoints.list('uid-1'),
  };
};

describe('check', () => {
  test('of a sink that would work says so, and leaves nothing behind', async () => {
    const topic = await world.newTopic();
    const before = await traces(topic);
    const answer = await ask('sink', 'check', sqlite(topic, { processingGuarantees: 'EFFECTIVELY_ONCE' }));
    expect(answer).toMatchObject({ status: 200, json: { ok: true } });
    const { findings } = answer.json as { findings: { side: string; what: string }[] };
    expect(findings.map(({ side }) => side)).toEqual(['configuration', 'pulsar', 'pulsar', 'system']);
    expect(findings[2]?.what).toBe(`${topic}: 1 topic(s), and this deployment may read`);
    expect(await traces(topic)).toEqual(before);
  });

  test.each<[string, string, object, RegExp]>([
    ['a key that is not known', 'configuration', { tabelName: 'x' }, /tabelName is not known/],
    ['a missing table', 'system', { tableName: 'missing' }, /missing/],
    ['a missing column', 'system', { key: 'nope' }, /nope/],
    ['a missing database', 'system', { jdbcUrl: 'jdbc:sqlite:/nonexistent/x.db' }, /does not exist/],
  ])('tells of %s', async (_, side, configs, what) => {
    const topic = await world.newTopic();
    const { status, json } = await ask('sink', 'check', sqlite(topic, {}, configs));
    expect(status).toBe(200);
    expect(json).toMatchObject({ ok: false });
    const wrong = (json as { findings: { ok: boolean }[] }).findings.filter(({ ok }) => !ok);
    expect(wrong).toEqual([expect.objectContaining({ side, what: expect.stringMatching(what) })]);
  });

  test('tells of a namespace and a broker that are not there, and does not create a missing topic', async () => {
    const elsewhere = await ask('sink', 'check', sqlite('persistent://public/nowhere/in'));
    expect(elsewhere.text).toContain('namespace public/nowhere of persistent://public/nowhere/in does not exist');
    const before = await traces('persistent://public/default/none');
    const missing = await ask('sink', 'check', sqlite('persistent://public/default/none'));
    expect(missing.json).toMatchObject({ ok: true });
    expect(missing.text).toContain('does not exist yet');
    expect(await traces('persistent://public/default/none')).toEqual(before);
    const refused = async () => Promise.reject(Object.assign(new Error('refused'), { code: 'ConnectError' }));
    const { findings } = await inspect(
      {
        inspect: 'check',
        connector: (await stored('sink', sqlite(await world.newTopic()))) as never,
        records: 0,
        notAfterMs: Date.now() + 5_000,
      },
      { ...world.deps, catalogue, openSession: refused },
    );
    expect(findings.map(({ side, ok }) => [side, ok])).toEqual([
      ['pulsar', false],
      ['system', true],
    ]);
    expect(findings[0]?.advice).toMatch(/pulsarServiceUrl/);
  });

  test('of a source opens its folder; and of a registered connector needs no form', async () => {
    const topic = await world.newTopic();
    const wrong = await ask('source', 'check', file(topic));
    expect(wrong.json).toMatchObject({ ok: false });
    expect((await ask('source', 'check')).status).toBe(404);
    await stored('source', file(topic));
    expect((await ask('source', 'check')).json).toMatchObject({ ok: false });
  });
});

const stored = async (kind: 'source' | 'sink', config: object) => {
  expect((await (kind === 'sink' ? api.createSink : api.createSource)('c', config)).status).toBe(204);
  return (await api.deps.registry.get({ tenant: 'public', namespace: 'default', name: 'c' }))?.connector;
};

describe('preview', () => {
  test('of a sink shows the next messages and the columns they become; nothing is written or acknowledged', async () => {
    const topic = await world.newTopic();
    await world.publish(topic, ['{"id":1,"name":"a","extra":true}', 'no json', '{"id":9007199254740993}'], {
      asOne: true,
    });
    const before = await traces(topic);
    const { status, json } = await ask('sink', 'preview?records=3', sqlite(topic));
    expect(status).toBe(200);
    const { records } = json as { records: object[] };
    expect(records).toEqual([
      expect.objectContaining({
        value: '{"id":1,"name":"a","extra":true}',
        write: { action: 'INSERT', columns: { id: 1, name: 'a' } },
      }),
      expect.objectContaining({ value: 'no json', error: expect.stringContaining('is not a JSON object') }),
      expect.objectContaining({ write: { action: 'INSERT', columns: { id: '9007199254740993', name: null } } }),
    ]);
    expect(await traces(topic)).toEqual(before);
  });

  test('of a registered sink begins where its subscription stands, and does not move it', async () => {
    const topic = await world.newTopic();
    await world.publish(topic, ['{"id":1}', '{"id":2}', '{"id":3}']);
    const sink = await stored('sink', sqlite(topic));
    await world.deps.pulsar?.skip(topic, 'public/default/c', 1);
    const look = async () =>
      ((await ask('sink', 'preview?records=2')).json as { records: { value: string }[] }).records.map((it) => it.value);
    expect(await look()).toEqual(['{"id":2}', '{"id":3}']);
    expect(await look()).toEqual(['{"id":2}', '{"id":3}']);
    expect(await world.backlog(sink as never)).toBe(2);
  });

  test('of a source shows topic, sequence and value from the stored position on', async () => {
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(folder, 'in'));
    writeFileSync(join(folder, 'in', 'a.txt'), 'one\ntwo\nthree\n');
    const topic = await world.newTopic();
    const { json } = await ask('source', 'preview?records=2', file(topic));
    expect(json).toMatchObject({
      findings: [{ ok: true }],
      records: [
        { sourcePartition: 'a.txt', topic, value: 'one', sequence: 0 },
        { value: 'two', sequence: 4 },
      ],
    });
    expect(await world.texts(topic)).toEqual([]);
  });

  test.each(['0', '101', 'x'])('refuses records=%s', async (records) => {
    expect((await ask('sink', `preview?records=${records}`, sqlite('in'))).status).toBe(400);
  });

  test('cuts what is long', async () => {
    const topic = await world.newTopic();
    await world.publish(topic, [JSON.stringify({ id: 1, name: 'x'.repeat(200_000) })]);
    const { text } = await ask('sink', 'preview', sqlite(topic));
    expect(text).toContain('… (');
    expect(text.length).toBeLessThan(6_000);
  });
});
