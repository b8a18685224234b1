import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type CliWorld, runCli } from '../../src/cli/main.ts';
import { createControlPlane } from '../../src/control-plane/index.ts';
import type { InspectionRequest } from '../../src/core/inspection.ts';
import { startControlPlane, type TestControlPlane } from '../control-plane/harness.ts';
import { eventOf } from '../control-plane/requests.ts';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

/** The real control plane, without a socket between. */
const fetchFrom = (controlPlane: ReturnType<typeof createControlPlane>) =>
  (async (url: URL, init: RequestInit) => {
    const request = new Request(url, init);
    const body = Buffer.from(await request.arrayBuffer());
    const contentType = request.headers.get('content-type') ?? undefined;
    const event = eventOf({
      method: request.method,
      path: `${url.pathname}${url.search}`,
      ...(contentType && { contentType }),
      headers: Object.fromEntries(request.headers),
    });
    const answer = await controlPlane(
      { ...event, body: body.toString('base64'), isBase64Encoded: true },
      AbortSignal.timeout(60_000),
    );
    return new Response(answer.body ?? null, { status: answer.statusCode });
  }) as typeof fetch;

const cli = async (line: string | readonly string[], world: Partial<CliWorld> = {}) => {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(typeof line === 'string' ? line.split(' ') : line, {
    env: {},
    fetch: fetchFrom(createControlPlane(api.deps)),
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    signal: AbortSignal.timeout(60_000),
    ...world,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
};

const SOURCE = 'sources create --name s1 --source-type data-generator --destination-topic-name out';

test('makes, shows, changes, stops, starts and deletes a source', async () => {
  expect(await cli(SOURCE)).toEqual({ code: 0, out: 'Created successfully', err: '' });
  expect(JSON.parse((await cli('sources list')).out)).toEqual(['s1']);
  expect(JSON.parse((await cli('source get --name s1')).out)).toMatchObject({ topicName: 'out', parallelism: 1 });
  expect((await cli('sources update --name s1 --parallelism 2')).out).toBe('Updated successfully');
  expect(JSON.parse((await cli('sources status --name s1')).out)).toMatchObject({ numInstances: 2 });
  expect((await cli('sources stop --name s1 --instance-id 1')).out).toBe('Stopped successfully');
  expect(JSON.parse((await cli('sources status --name s1 --instance-id 1')).out)).toMatchObject({ running: false });
  expect((await cli('sources delete --name s1')).out).toBe('Delete source successfully');
  expect((await cli('sources get --name s1')).err).toBe("Source s1 doesn't exist\n\nReason: Source s1 doesn't exist");
});

test('makes a source stopped, and shows, sets and resets its positions', async () => {
  await cli(`${SOURCE} --stopped`);
  expect(JSON.parse((await cli('sources status --name s1')).out)).toMatchObject({ numRunning: 0 });
  expect(JSON.parse((await cli('sources positions --name s1')).out)).toMatchObject({ partitions: [] });
  const wrong = await cli(['sources', 'set-positions', '--name', 's1', '--positions', '[1]']);
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('--positions must be a JSON object') });
  const set = await cli(['sources', 'set-positions', '--name', 's1', '--positions', '{"0": null}']);
  expect(set).toMatchObject({ code: 0, out: 'Positions set successfully' });
  expect((await cli('sources reset-positions --name s1')).out).toBe('Positions reset successfully');
  await cli('sources start --name s1');
  expect((await cli('sources reset-positions --name s1')).code).toBe(1);
});

const SINK =
  'sinks create --name d1 --sink-type http --inputs in --max-redeliver-count 2 --dead-letter-topic dlq --processing-guarantees ATLEAST_ONCE';

test('shows, sends back and drops dead letters', async () => {
  expect((await cli(SINK)).err).toBe('');
  const shown = JSON.parse((await cli('sinks dead-letters --name d1 --max 5')).out);
  expect(shown).toMatchObject({ topics: [{ topic: expect.stringContaining('dlq'), count: 0, letters: [] }] });
  expect(JSON.parse((await cli('sinks redrive --name d1')).out)).toMatchObject({ redrive: 1, letters: 0 });
  expect(JSON.parse((await cli('sinks redrive --name d1 --allow-reordering')).out)).toMatchObject({ redrive: 2 });
  expect((await cli('sinks drop-dead-letters --name d1')).err).toContain('confirm');
  const mistaken = await cli('sinks drop-dead-letters --name d1 --confirm d2');
  expect(mistaken).toMatchObject({ code: 1, err: expect.stringContaining('?confirm=d1') });
  expect(JSON.parse((await cli('sinks drop-dead-letters --name d1 --confirm d1')).out)).toEqual({ dropped: 0 });
  expect((await cli('sources redrive --name s1')).code).toBe(1);
});

test('reads a YAML file, and lets options override it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'pio-cli-')), 'sink.yaml');
  writeFileSync(
    file,
    'name: y1\ntenant: public\ninputs: [in]\narchive: builtin://http\nparallelism: 3\nconfigs:\n  url: http://h/\n',
  );
  expect((await cli(['sinks', 'create', '--sink-config-file', file, '--parallelism', '2'])).out).toBe(
    'Created successfully',
  );
  expect(JSON.parse((await cli('sinks get --name y1')).out)).toMatchObject({
    parallelism: 2,
    configs: { url: 'http://h/' },
  });
  writeFileSync(file, 'name: [');
  expect(await cli(['sinks', 'create', '--sink-config-file', file])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^Failed to parse config file .*sink\.yaml\. .*line 1/s),
  });
  expect((await cli('sinks create --sink-config-file /no/such.yaml')).err).toContain('ENOENT');
});

test.each([
  ['', 'Name what to do: sources or sinks'],
  ['sinks', 'Name what to do with sinks, such as list'],
  ['sinks explode', "Unknown option: '--explode'"],
  ['sinks get', 'You must specify a name for the sink'],
  ['sinks status --name s --instance-id x', 'instance-id must be a number'],
  ['sinks dead-letters --name s --max x', '--max must be a number of letters'],
  ['sinks list --output xml', 'Invalid values'],
  ['sinks list --admin-url http://127.0.0.1:1', 'Error connecting to http://127.0.0.1:1'],
])('says what is wrong with: pulsar-io %s', async (line, message) => {
  const real = line.includes('admin-url') ? { fetch } : {};
  const { code, err } = await cli(line === '' ? [] : line, real);
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) });
});

test('sends the token of --auth-params or of the environment', async () => {
  const sent: (string | null)[] = [];
  const spy = (async (_url: URL, init: RequestInit) => {
    sent.push(new Headers(init.headers).get('authorization'));
    return new Response('[]');
  }) as typeof fetch;
  await cli('sinks list', { fetch: spy, env: { PULSAR_IO_TOKEN: 'from-env' } });
  await cli('sinks list --auth-params token:given', { fetch: spy, env: { PULSAR_IO_TOKEN: 'from-env' } });
  await cli('sinks list', { fetch: spy });
  expect(sent).toEqual(['Bearer from-env', 'Bearer given', null]);
});

test('waits until the instances are on duty, and tells what for', async () => {
  await cli(SOURCE);
  const answers = ['starting', 'starting', ''].map((error) => ({
    numInstances: 1,
    numRunning: error ? 0 : 1,
    instances: [{ instanceId: 0, status: { error } }],
  }));
  const fake = (async (url: URL) =>
    url.pathname.endsWith('/status')
      ? Response.json(answers.shift())
      : new Response(null, { status: 204 })) as unknown as typeof fetch;
  expect(await cli('sources start --name s1 --wait', { fetch: fake })).toEqual({
    code: 0,
    out: 'Started successfully',
    err: '0 of 1 instances on duty; instance 0: starting',
  });
});

test('has help for every command, and ends with 130 when interrupted', async () => {
  for (const line of ['--help', 'sinks --help', 'sinks create --help', 'sources status --help']) {
    expect(await cli(line)).toMatchObject({ code: 0, out: expect.stringContaining('--admin-url') });
  }
  const aborted = AbortSignal.abort();
  expect((await cli('sinks list', { signal: aborted, fetch })).code).toBe(130);
});

test('prints answers as JSON when asked to', async () => {
  expect((await cli(`${SOURCE} -o json`)).out).toBe('{"message":"Created successfully"}');
  expect(JSON.parse((await cli('sources available-sources -o json')).out)).toContainEqual(
    expect.objectContaining({ name: 'data-generator' }),
  );
  expect((await cli('sources available-sources')).out).toMatch(/^data-generator\n.*\n-{40}$/m);
});

test('checks, previews and estimates what the options say, or a connector by its name alone', async () => {
  const asked: { inspect: string; records: number; topic: string }[] = [];
  const finding = { side: 'system', ok: false, what: 'no such table', advice: 'Create it' } as const;
  Object.assign(api.deps, {
    inspect: async ({ inspect, records, connector }: InspectionRequest) => {
      asked.push({ inspect, records, topic: connector.kind === 'source' ? connector.config.topicName : '' });
      return { findings: [finding], records: [] };
    },
  });
  const wrong = await cli(SOURCE.replace('create', 'check'));
  expect(wrong).toMatchObject({ code: 1, err: 'The check found something wrong' });
  expect(wrong.out).toBe(
    'ok    configuration: the configuration is valid\nWRONG system: no such table\n      Create it',
  );
  expect((await cli('sources check --name s1')).err).toContain("Source s1 doesn't exist");
  await cli(SOURCE);
  expect(JSON.parse((await cli('sources preview --name s1 --records 7')).out)).toMatchObject({ records: [] });
  expect(asked).toEqual([
    { inspect: 'check', records: 0, topic: 'out' },
    { inspect: 'preview', records: 7, topic: 'out' },
  ]);
  const { out } = await cli('sources cost --name s1 --records-per-second 2000');
  expect(out).toContain('Lambda, time of runs: 250 GB-seconds');
  expect(JSON.parse((await cli('sources cost --name s1 -o json')).out)).toMatchObject({ currency: 'USD' });
});
