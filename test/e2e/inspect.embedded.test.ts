import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { World } from '../runtime/kit/world.ts';
import { startCloud } from './cloud/index.ts';

test('check and preview go from the admin function through Lambda to a runner process and back', async () => {
  await using world = await World.start();
  const folder = mkdtempSync(join(tmpdir(), 'pio-inspect-e2e-'));
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'in', 'a.txt'), 'one\ntwo\n');
  const database = new DatabaseSync(join(folder, 'target.db'));
  database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)');
  database.close();
  const { serviceUrl, adminUrl } = world.broker.running;
  await using cloud = await startCloud({ serviceUrl, adminUrl, storeUrl: `sqlite:${join(folder, 'store.db')}` });
  const topic = await world.newTopic();
  await world.publish(topic, ['{"id":1,"name":"a"}']);
  const ask = async (kind: 'source' | 'sink', what: string, config: object) => {
    const form = new FormData();
    form.append(`${kind}Config`, new Blob([JSON.stringify(config)], { type: 'application/json' }));
    const url = `${cloud.url}/admin/v3/${kind}s/public/default/c/${what}`;
    const response = await fetch(url, { method: 'POST', body: form });
    return { status: response.status, ...((await response.json()) as object) };
  };
  const source = { topicName: topic, archive: 'builtin://file', configs: { inputDirectory: join(folder, 'in') } };
  const sink = {
    inputs: [topic],
    archive: 'builtin://jdbc-sqlite',
    sourceSubscriptionPosition: 'Earliest',
    configs: { jdbcUrl: `jdbc:sqlite:${join(folder, 'target.db')}`, tableName: 'orders', key: 'id' },
  };
  expect(await ask('source', 'check', source)).toMatchObject({ status: 200, ok: true });
  expect(await ask('source', 'preview', source)).toMatchObject({ records: [{ value: 'one' }, { value: 'two' }] });
  expect(await ask('sink', 'check', sink)).toMatchObject({ status: 200, ok: true });
  expect(await ask('sink', 'preview', sink)).toMatchObject({
    records: [{ write: { action: 'INSERT', columns: { id: 1, name: 'a' } } }],
  });
  const broken = { ...sink, configs: { ...sink.configs, tableName: 'none' } };
  expect(await ask('sink', 'check', broken)).toMatchObject({ status: 200, ok: false });
  expect(await world.deps.pulsar?.subscriptions(topic)).toEqual(['keeper']);
});
