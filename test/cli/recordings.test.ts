import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runCli } from '../../src/cli/main.ts';

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly form?: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly body: string;
}

interface Recording {
  readonly label: string;
  readonly argv: readonly string[];
  readonly exchanges: readonly Exchange[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What pulsar-admin 4.0.8 sent, got and printed, against a real worker. */
const RECORDINGS = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/cli/recordings.json'), 'utf8'),
) as readonly Recording[];

/** Answers as the worker did, and remembers what was asked. */
const update = (kind: string, name: string, config: object) => ({
  method: 'PUT',
  path: `/admin/v3/${kind}/public/default/${name}`,
  form: {
    [`${kind}Config`]: { tenant: 'public', namespace: 'default', name, ...config },
    updateOptions: { updateAuthData: false },
  },
});

const replay = (exchanges: readonly Exchange[]) => {
  const asked: Omit<Exchange, 'status' | 'body'>[] = [];
  const left = [...exchanges];
  const fetch = async (url: URL, init: RequestInit): Promise<Response> => {
    const form = init.body instanceof FormData ? { form: await partsOf(init.body) } : {};
    asked.push({ method: init.method ?? 'GET', path: decodeURIComponent(url.pathname), ...form });
    const next = left.shift();
    if (!next) throw new Error('more requests than recorded');
    return new Response(next.status === 204 ? null : next.body, { status: next.status });
  };
  return { asked, fetch: fetch as typeof globalThis.fetch };
};

const partsOf = async (form: FormData) => {
  const parts = await Promise.all(
    [...form].map(async ([name, value]) => [name, JSON.parse(await (value as Blob).text())] as const),
  );
  return Object.fromEntries(parts);
};

/** pulsar-admin sends this with every update of a sink, whether asked or not; we send what was given. */
const withoutPosition = (form: Readonly<Record<string, unknown>>, isAsked: boolean) => {
  const { sourceSubscriptionPosition: _, ...config } = (form.sinkConfig ?? {}) as Record<string, unknown>;
  return form.sinkConfig && !isAsked ? { ...form, sinkConfig: config } : form;
};

/** What is different on purpose: nothing is asked before all options are read, only what was given is sent, and a message says what is missing. */
const DIFFERENCES: Readonly<Record<string, Partial<{ asked: unknown; err: string }>>> = {
  'sources 170 cli: config not JSON': { asked: [] },
  'sinks 217 cli: config not JSON': { asked: [] },
  'sources 216 update ram': { asked: [update('source', 's1', { resources: { ram: 1_048_576 } })] },
  'sinks 265 update ram': { asked: [update('sink', 'k1', { resources: { ram: 1_048_576 } })] },
  'sinks 216 cli: no name': { err: 'Sink name not specified' },
};

/** Texts that a JVM prints in its own way: a whole double, the order of a set, a guarantee that is not offered here. */
const asHere = (text: string): string =>
  text
    .replace('"cpu": 1.0,', '"cpu": 1,')
    .replace(', MANUAL]', ']')
    .replace(/are: \[(.*)\]/, (_, names: string) => `are: [${names.split(', ').sort().join(', ')}]`);

test.each(RECORDINGS.map((recording) => [recording.label, recording] as const))('%s', async (label, recording) => {
  const difference = DIFFERENCES[label] ?? {};
  const { argv, exchanges, exit, stdout, stderr } = recording;
  const { asked, fetch } = replay(exchanges);
  let out = '';
  let err = '';
  const code = await runCli(argv, {
    env: {},
    fetch,
    out: (text) => {
      out += `${text}\n`;
    },
    err: (text) => {
      err += `${text}\n`;
    },
    signal: AbortSignal.timeout(60_000),
  });
  const isAsked = argv.includes('--subs-position');
  const wanted = exchanges.map(({ method, path, form }) => ({
    method,
    path: decodeURIComponent(path),
    ...(form && { form: withoutPosition(form, isAsked) }),
  }));
  expect({ asked, code, out }).toEqual({ asked: difference.asked ?? wanted, code: exit, out: asHere(stdout) });
  expect(err).toContain(difference.err ?? asHere(stderr));
});
