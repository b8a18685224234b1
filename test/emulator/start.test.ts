import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { StartProcess } from './start-process.ts';

jest.setTimeout(360_000);

const starts: StartProcess[] = [];
const start = (...args: string[]): StartProcess => {
  const one = new StartProcess(args);
  starts.push(one);
  return one;
};

afterEach(async () => {
  for (const one of starts.splice(0)) {
    one.process.kill('SIGKILL');
    await one.ended;
  }
});

describe('npm start', () => {
  let folder: string;
  let data: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pio-start-'));
    data = ['--data', folder, '--port', '0', '--broker-port', '0'];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const rowsInTable = (): unknown => {
    using db = new DatabaseSync(join(folder, 'samples', 'samples.db'), { readOnly: true });
    return db.prepare('SELECT count(*) AS n FROM zip_codes').get()?.n;
  };
  const rowsInFile = async () =>
    (await readFile('node_modules/vega-datasets/data/zipcodes.csv', 'utf8')).trim().split('\n').length - 1;

  test('moves the samples, serves both APIs, ends on SIGINT and goes on where it was', async () => {
    const first = start(...data);
    const [, adminUrl] = await first.printed(/Ready: admin API (\S+), broker pulsar:\/\/127\.0\.0\.1:\d+/);
    await first.printed(/Samples: 42049 of 42049 rows .* in [\d.]+ s\n/);
    await first.printed(/TX +2670/);
    expect(rowsInTable()).toBe(await rowsInFile());

    const local = String(adminUrl).replace('127.0.0.1', 'localhost');
    expect(await (await fetch(`${local}/admin/v3/sinks/public/default`)).json()).toEqual(['sample-sqlite']);
    expect(await (await fetch(`${adminUrl}/admin/v2/clusters`)).json()).toEqual(['standalone']);
    expect((await fetch(`${adminUrl}/nothing`)).status).toBe(404);

    const another = start(...data);
    expect(await another.ended).toBe(1);
    expect(another.output).toContain(`${folder} is in use by another npm start (process ${first.process.pid})`);

    // Sooner than anything that it waits for would end by itself; how fast it is, a busy machine decides.
    const end = await first.interrupt();
    expect(end.exitCode).toBe(0);
    expect(end.ms).toBeLessThan(20_000);

    const second = start(...data);
    await second.printed(/Samples: 42049 of 42049 rows .* already there/);
    expect(rowsInTable()).toBe(await rowsInFile());
    expect((await second.interrupt()).exitCode).toBe(0);
  });

  test.each(['--port', '--broker-port'])(
    'names the port and %s when it is taken, and starts nothing',
    async (option) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const unused = join(folder, 'unused');
      const refused = start('--data', unused, '--port', '0', '--broker-port', '0', option, String(port));
      expect(await refused.ended).toBe(1);
      expect(refused.output).toContain(`port ${port} is taken by another program; choose another with ${option} N`);
      await expect(readFile(join(unused, 'start.pid'))).rejects.toMatchObject({ code: 'ENOENT' });
      server.close();
    },
  );

  test('explains its options with --help, and says what is wrong with others', async () => {
    const help = start('--help');
    expect(await help.ended).toBe(0);
    for (const option of ['--port', '--broker-port', '--data', '--no-samples', 'PULSAR_SERVICE_URL']) {
      expect(help.output).toContain(option);
    }
    const wrong = start('--bogus');
    expect(await wrong.ended).toBe(2);
    expect(wrong.output).toContain("Unknown option '--bogus'");
  });
});
