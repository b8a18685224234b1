import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { connectorPackages, packageNames } from '../../scripts/connector-packages.ts';
import type { Catalogue, SinkType } from '../../src/core/connector-type.ts';
import { configOf, context, problemsOf } from '../connectors/open.ts';
import { temporaryFolder } from '../connectors/temporary.ts';
import { sinkRecord } from '../contracts/sink.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = './samples/connector-package/index.ts';
const BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";
const running = () => new AbortController().signal;

describe('packages of connector types', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.dispose());

  /** The catalogue as packaging bundles it. */
  const bundled = async (name: string, packages: readonly string[]): Promise<Catalogue> => {
    const outfile = join(folder.path, `${name}.mjs`);
    await build({
      entryPoints: [join(ROOT, 'src/connectors/catalogue.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['cassandra-driver', '@aws-sdk/*'],
      banner: { js: BANNER },
      plugins: [connectorPackages(packages)],
      absWorkingDir: ROOT,
      outfile,
      logLevel: 'silent',
    });
    return (await import(pathToFileURL(outfile).href)).catalogue;
  };

  test('are in the catalogue beside our own, and leave it as it is when there are none', async () => {
    const without = await bundled('without', []);
    const catalogue = await bundled('with', [EXAMPLE]);
    expect(without.sink('webhook-post')).toBeUndefined();
    expect(catalogue.sinks.map(({ name }) => name)).toEqual(
      [...without.sinks.map(({ name }) => name), 'webhook-post'].sort(),
    );
    expect(catalogue.sources.map(({ name }) => name)).toEqual(without.sources.map(({ name }) => name));
  });

  test('are refused when they cannot be found, or have a name that is taken', async () => {
    await expect(bundled('missing', ['no-such-package-of-connectors'])).rejects.toThrow(
      'Could not resolve "no-such-package-of-connectors"',
    );
    await expect(bundled('twice', [EXAMPLE, './samples/../samples/connector-package/index.ts'])).rejects.toThrow(
      'two connector types have the name webhook-post',
    );
  });

  test('work like our own: the example posts messages, retries, rejects, and keeps its secret', async () => {
    const answers = [204, 503, 400];
    const seen: { body: string; authorization: string | undefined }[] = [];
    const server = createServer(async (request, response) => {
      const chunks = await request.toArray();
      seen.push({ body: Buffer.concat(chunks).toString(), authorization: request.headers.authorization });
      response.writeHead(answers.shift() ?? 500).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const type = (await bundled('example', [EXAMPLE])).sink('webhook-post') as SinkType;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    expect(problemsOf(type, {})).toEqual(['/configs/url']);
    const sink = await type.open(configOf(type, { url, token: 'sekrit' }), context());
    const records = ['a', 'b', 'c'].map((text, n) => sinkRecord(n, { bytes: Buffer.from(text) }));
    const results = await sink.write(records, running());
    expect(results).toMatchObject([
      { ok: true },
      { ok: false, error: { code: 'PIO_SINK_UNAVAILABLE', disposition: 'retry' } },
      { ok: false, error: { code: 'PIO_SINK_REJECTED', disposition: 'reject' } },
    ]);
    expect(JSON.stringify(results)).not.toContain('sekrit');
    expect(seen.map(({ body }) => body)).toEqual(['a', 'b', 'c']);
    expect(seen[0]?.authorization).toBe('Bearer sekrit');
    await sink.close();
    server.close();
  });
});

test('names of packages are a comma-separated list', () => {
  expect(packageNames(undefined)).toEqual([]);
  expect(packageNames(' a, @b/c ,,./d ')).toEqual(['a', '@b/c', './d']);
});
