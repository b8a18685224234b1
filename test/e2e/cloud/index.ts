import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { inlineWasm } from '../../../scripts/bundle-drivers.ts';
import type { ConnectorKind } from '../../../src/core/connector.ts';
import { planted, secretWatch } from '../../kit/planted.ts';
import type { CloudOptions, CloudState } from './protocol.ts';

export type { Chaos, CloudOptions, CloudState } from './protocol.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Times of a run for tests: leases that expire within seconds, so that a killed run is followed soon. */
export const TEST_RUN_SETTINGS: CloudOptions['runSettings'] = {
  heartbeatMs: 400,
  leaseTtlMs: 2_500,
  leaseMarginMs: 600,
  maxSkewMs: 100,
  idleMs: 1_500,
  backoff: { firstMs: 50, maxMs: 1_000 },
  tailStableMs: 500,
  maxBatchRecords: 100,
};

let bundled: Promise<string> | undefined;

const bundle = async (name: string, folder: string): Promise<string> => {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    sourcemap: 'linked',
    logLevel: 'error',
    plugins: [inlineWasm],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
  return outfile;
};

/** Bundles the processes once per test process, as deployment bundles the functions. */
const bundles = (): Promise<string> => {
  bundled ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pio-e2e-bundle-'));
    await Promise.all([bundle('function-process', folder), bundle('cloud-process', folder)]);
    return folder;
  })();
  return bundled;
};

/** A running cloud: the admin API, and power over its runs. */
export class Cloud implements AsyncDisposable {
  readonly #end: () => Promise<void>;
  readonly url: string;
  readonly logFile: string;

  constructor(end: () => Promise<void>, port: number, logFile: string) {
    this.#end = end;
    this.url = `http://127.0.0.1:${port}`;
    this.logFile = logFile;
    if (logFile) secretWatch().files.add(logFile);
  }

  /** Creates a connector as `pulsar-admin` does; throws with the reason when it is refused. */
  async create(kind: ConnectorKind, name: string, config: object): Promise<void> {
    await this.#send('POST', kind, name, config);
  }

  /** Updates a connector. */
  async update(kind: ConnectorKind, name: string, config: object): Promise<void> {
    await this.#send('PUT', kind, name, config);
  }

  /** Deletes a connector. */
  async remove(kind: ConnectorKind, name: string): Promise<void> {
    await this.#check(await fetch(`${this.url}/admin/v3/${kind}s/public/default/${name}`, { method: 'DELETE' }));
  }

  /** Start, stop or restart. */
  async command(kind: ConnectorKind, name: string, command: 'start' | 'stop' | 'restart'): Promise<void> {
    await this.#check(
      await fetch(`${this.url}/admin/v3/${kind}s/public/default/${name}/${command}`, { method: 'POST' }),
    );
  }

  /** Status as the admin API tells it. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape differs per kind and is what the tests look at
  async status(kind: ConnectorKind, name: string): Promise<any> {
    const response = await fetch(`${this.url}/admin/v3/${kind}s/public/default/${name}/status`);
    await this.#check(response.clone());
    return response.json();
  }

  /** How many runs were started and killed so far. */
  async state(): Promise<CloudState> {
    return (await fetch(`${this.url}/cloud`)).json() as Promise<CloudState>;
  }

  /** Kills every running run with SIGKILL; resolves with their number. */
  async killRuns(): Promise<number> {
    return (await fetch(`${this.url}/cloud/kill`)).json() as Promise<number>;
  }

  /** Calls a function and waits, where the cloud has all of a deployment; resolves with its answer's text. */
  async invoke(name: string, event: object): Promise<string> {
    const url = `${this.url}/2015-03-31/functions/e2e-${name}/invocations`;
    const headers = { 'x-amz-invocation-type': 'RequestResponse' };
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(event) })).text();
  }

  /** Deploys another version of the code, where the cloud has Lambda's execution environments. */
  async redeploy(): Promise<void> {
    await this.#check(await fetch(`${this.url}/cloud/redeploy`));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }

  async #send(method: string, kind: ConnectorKind, name: string, config: object): Promise<void> {
    const form = new FormData();
    form.append(`${kind}Config`, new Blob([JSON.stringify(config)], { type: 'application/json' }));
    await this.#check(await fetch(`${this.url}/admin/v3/${kind}s/public/default/${name}`, { method, body: form }));
  }

  async #check(response: Response): Promise<void> {
    if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  }
}

const end = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
};

/** Starts a cloud: {@link startCloud}, or another that keeps to its ways. */
export type StartCloud = (
  options: Omit<CloudOptions, 'functionBundle' | 'tickMs' | 'runSettings' | 'logFile'> & Partial<CloudOptions>,
  environment?: Readonly<Record<string, string>>,
) => Promise<Cloud>;

/** Environment of the functions. */
export const cloudEnvironment = ({
  serviceUrl,
  adminUrl,
  storeUrl,
  runSettings,
}: Parameters<StartCloud>[0]): Record<string, string> => ({
  PULSAR_SERVICE_URL: serviceUrl,
  PULSAR_ADMIN_URL: adminUrl ?? '',
  STORE_URL: storeUrl,
  PULSAR_TOKEN: planted('pulsar-token'),
  AUTHENTICATION: 'none',
  RUNNER_FUNCTION_PREFIX: 'e2e-',
  RUN_SETTINGS: JSON.stringify({ ...TEST_RUN_SETTINGS, ...runSettings }),
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
});

/** Starts a cloud; `await using` ends it and its runs. */
export const startCloud: StartCloud = async (options, environment = {}) => {
  const folder = await bundles();
  const logFile = options.logFile ?? join(mkdtempSync(join(tmpdir(), 'pio-e2e-')), 'cloud.log');
  const full: CloudOptions = {
    tickMs: 700,
    ...options,
    runSettings: { ...TEST_RUN_SETTINGS, ...options.runSettings },
    functionBundle: join(folder, 'function-process.mjs'),
    logFile,
  };
  const env = {
    ...process.env,
    PIO_CLOUD: JSON.stringify(full),
    ...cloudEnvironment(full),
    ...environment,
  };
  const child = spawn(
    join(ROOT, 'node_modules/.bin/node'),
    ['--enable-source-maps', join(folder, 'cloud-process.mjs')],
    {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  child.stderr?.pipe(process.stderr, { end: false });
  const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string];
  return new Cloud(() => end(child), (JSON.parse(line) as { port: number }).port, logFile);
};
