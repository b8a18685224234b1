import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { StartProcess } from '../emulator/start-process.ts';
import { describeReal, runPulsarAdmin } from '../services/index.ts';

// Each command is a JVM of its own.
jest.setTimeout(300_000);

describeReal("Pulsar's own pulsar-admin on npm start", ['pulsarAdmin'], () => {
  let folder: string;
  let database: string;
  let offline: StartProcess;
  let adminUrl: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pio-admin-'));
    database = join(folder, 'target.db');
    using db = new DatabaseSync(database);
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE people (email TEXT, age INTEGER)');
    offline = new StartProcess(['--data', join(folder, 'data'), '--port', '0', '--broker-port', '0', '--no-samples']);
    adminUrl = String((await offline.printed(/Ready: admin API ([^,\s]+)/))[1]);
  });
  afterAll(async () => {
    await offline.interrupt();
    await rm(folder, { recursive: true, force: true });
  });

  /** What the command printed; a command that fails fails the test. */
  const admin = async (...argv: string[]): Promise<string> => {
    const { stdout, stderr, code } = await runPulsarAdmin(adminUrl, argv);
    expect({ argv, code, stderr: code === 0 ? '' : stderr }).toEqual({ argv, code: 0, stderr: '' });
    return stdout.trim();
  };

  const json = async (...argv: string[]) => JSON.parse(await admin(...argv));

  const rows = (): number => {
    using db = new DatabaseSync(database, { readOnly: true });
    return Number(db.prepare('SELECT count(*) AS n FROM people').get()?.n);
  };

  const moreRowsThan = async (count: number): Promise<void> => {
    for (let looks = 0; rows() <= count; looks++) {
      if (looks === 400)
        throw new Error(`no row came in 40 s: ${await admin('sinks', 'status', '--name', 'to-sqlite')}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  test('creates, lists, gets, stops, starts and deletes a source and a sink, and data flows', async () => {
    const generator = JSON.stringify({ sleepBetweenMessages: 20 });
    const jdbc = JSON.stringify({ jdbcUrl: `jdbc:sqlite:${database}`, tableName: 'people' });
    const source = ['--name', 'people'];
    const sink = ['--name', 'to-sqlite'];

    await admin(
      'sources',
      'create',
      ...source,
      '--source-type',
      'data-generator',
      '--destination-topic-name',
      'people',
      '--source-config',
      generator,
    );
    await admin('sinks', 'create', ...sink, '--sink-type', 'jdbc-sqlite', '--inputs', 'people', '--sink-config', jdbc);
    await moreRowsThan(0);

    expect(await json('sources', 'list')).toEqual(['people']);
    expect(await json('sinks', 'list')).toEqual(['to-sqlite']);
    expect(await json('sources', 'get', ...source)).toMatchObject({
      name: 'people',
      archive: 'builtin://data-generator',
      topicName: 'people',
    });
    expect(await json('sinks', 'get', ...sink)).toMatchObject({ name: 'to-sqlite', archive: 'builtin://jdbc-sqlite' });
    expect(await admin('topics', 'list', 'public/default')).toContain('persistent://public/default/people');

    await admin('sinks', 'stop', ...sink);
    expect(await json('sinks', 'status', ...sink)).toMatchObject({ numInstances: 1, numRunning: 0 });
    const whenStopped = rows();
    await admin('sinks', 'start', ...sink);
    await moreRowsThan(whenStopped);

    await admin('sources', 'stop', ...source);
    expect(await json('sources', 'status', ...source)).toMatchObject({ numInstances: 1, numRunning: 0 });
    await admin('sources', 'start', ...source);
    expect(await json('sources', 'status', ...source)).toMatchObject({ numInstances: 1, numRunning: 1 });

    await admin('sinks', 'delete', ...sink);
    await admin('sources', 'delete', ...source);
    expect(await json('sources', 'list')).toEqual([]);
    expect(await json('sinks', 'list')).toEqual([]);
  });

  test('says why a connector is refused', async () => {
    const { code, stderr } = await runPulsarAdmin(adminUrl, [
      'sinks',
      'create',
      '--name',
      'x',
      '--sink-type',
      'jdbc-sqlite',
      '--inputs',
      'people',
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('jdbcUrl');
  });
});
