import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { createControlPlane } from '../../src/control-plane/index.ts';
import { SINK, SOURCE, startControlPlane } from '../control-plane/harness.ts';
import { serveControlPlane } from '../control-plane/http-server.ts';
import { runSchemathesis } from '../services/index.ts';

/** Per operation, of each way to generate: about three minutes of processor time for a kind. */
const EXAMPLES = Number(process.env.PIO_FUZZ_EXAMPLES ?? 120);
/** Requests are generated anew until so many minutes are over, for each kind; 0: once. */
const MINUTES = Number(process.env.PIO_FUZZ_MINUTES ?? 0);
/** Requests leave nothing behind: some hundred megabytes more than what jest and the suites before needed. */
const MAX_MORE_BYTES = 512 * 1024 ** 2;
const LIMIT_MS = (20 + MINUTES) * 60_000;

/** Every answer fits the document, so every refusal has a reason, and none is a failure of ours. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

/** What the paths may name, so that most requests find something. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  tenant: ['public'],
  namespace: ['default'],
  name: ['s1', 's2', 'r1', 'r2'],
  instance: ['0', '1', '7'],
  type: ['cassandra', 'file', 'http', 'nosuch'],
};

type Parameter = { readonly name: string; readonly in: string; schema: object };
type Document = { paths: Record<string, Record<string, { parameters?: Parameter[] }>> };

const withNames = (document: Document): Document => {
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    for (const parameter of operation.parameters ?? []) {
      if (parameter.in === 'path') parameter.schema = { type: 'string', enum: NAMES[parameter.name] };
    }
  }
  return document;
};

/** The paths of one kind. */
const ofKind = (kind: 'sources' | 'sinks', document: Document): Document => ({
  ...document,
  paths: Object.fromEntries(Object.entries(document.paths).filter(([path]) => path.includes(`/${kind}/`))),
});

/** A suite of requests to `sources` or `sinks`, generated from the document with `seed`. Each kind is a file of its own, so that they can run side by side. */
export const fuzzOpenApi = (kind: 'sources' | 'sinks', seed: number): void => {
  jest.setTimeout(2 * LIMIT_MS + 60_000);
  test('never fails, and answers as the document says', async () => {
    const rssBefore = process.memoryUsage().rss;
    const api = await startControlPlane();
    await api.createSink('s1', SINK);
    await api.createSource('r1', SOURCE);
    const server = await serveControlPlane(createControlPlane(api.deps));
    const file = join(mkdtempSync(join(tmpdir(), 'pio-fuzz-')), 'openapi.json');
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as Document;
    writeFileSync(file, JSON.stringify(ofKind(kind, withNames(document))));
    const { code, stdout, stderr } = await runSchemathesis(
      [
        ...['run', file, '--url', server.url, '--checks', CHECKS.join(','), '--seed', String(seed)],
        ...['--max-examples', String(EXAMPLES), '--workers', '1', '--request-timeout', '10', '--no-color'],
        ...(MINUTES > 0 ? ['--max-time', String(60 * MINUTES)] : []),
      ],
      LIMIT_MS,
    );
    await server.close();
    await api.close();
    const [, generated = '0', passed = '0'] = /(\d+) generated, (\d+) passed/.exec(stdout) ?? [];
    console.log(`${generated} generated requests to ${kind}, ${passed} answered as documented`);
    expect({ code, output: code === 0 ? '' : stdout.slice(-6_000) + stderr }).toEqual({ code: 0, output: '' });
    expect(Number(passed)).toBeGreaterThan(50 * EXAMPLES);
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(MAX_MORE_BYTES);
    expect(api.errors).toEqual([]);
  });
};
