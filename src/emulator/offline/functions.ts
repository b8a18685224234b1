import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataFolder } from './data-folder.ts';
import type { Handler } from './front.ts';
import { functionTimeouts } from './function-timeouts.ts';
import { startLambdaApi } from './lambda-api.ts';
import { LogFile } from './log-file.ts';
import { freePorts } from './ports.ts';
import { StartError } from './start-error.ts';

/** What the functions are run with. */
export interface FunctionsOptions {
  readonly data: DataFolder;
  readonly pulsarServiceUrl: string;
  /** Absent: backlog, tenants and deduplication are not looked at. */
  readonly pulsarAdminUrl: string | undefined;
  readonly storeUrl: string;
}

/** The functions of `serverless.yml` under serverless-offline, in a process of its own. */
export interface Functions {
  /** Port of the emulated API Gateway on 127.0.0.1. */
  readonly httpPort: number;
  /** Lambda's API: `Invoke`, and event source mappings. */
  readonly lambda: Handler;
  /** Resolves when the process ended by itself, with words for that. */
  readonly died: Promise<string>;
  /** Invokes a function asynchronously, by the name it has in `serverless.yml`. */
  invoke(name: string, payload: object): Promise<void>;
  /** Ends the process: asked first, killed after `STOP_MS`. */
  stop(): Promise<void>;
}

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
const PRELOAD = new URL('aws/preload.ts', import.meta.url).href;
const SERVICE = 'pulsar-io-serverless';
const STAGE = 'dev';
const START_MS = 180_000;
const STOP_MS = 2_000;
const LOOK_EVERY_MS = 25;
const INVOKE_MS = 5_000;

/** Starts the functions; resolves when they can be called. Throws `StartError` when they end before, or take three minutes. */
export const startFunctions = async (options: FunctionsOptions, signal: AbortSignal): Promise<Functions> => {
  const [httpPort, lambdaPort] = (await freePorts(2)) as [number, number];
  const timeouts = functionTimeouts(join(PROJECT, 'serverless.yml'), `${SERVICE}-${STAGE}-`);
  const lambda = await startLambdaApi(`http://127.0.0.1:${lambdaPort}`, options.data.mappings, timeouts);
  const child = spawnServerless(options, httpPort, lambdaPort, lambda.url);
  const died = whenDead(child, options.data.log).finally(() => {
    lambda[Symbol.dispose]();
    return removeBuild(options.data.path);
  });
  try {
    await Promise.race([died.then(fail), waitForPorts([httpPort, lambdaPort], signal)]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  child.send('served');
  lambda.start();
  return {
    httpPort,
    lambda: lambda.handler,
    died,
    invoke: (name, payload) => invoke(lambdaPort, name, payload),
    stop: async () => {
      child.kill('SIGTERM');
      const killing = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await died;
      clearTimeout(killing);
    },
  };
};

/** Keeps the log of the process while it lives; resolves when it is dead, with words for that. */
const whenDead = async (child: ChildProcess, logFile: string): Promise<string> => {
  const log = new LogFile(logFile);
  for (const stream of [child.stdout, child.stderr]) if (stream) log.follow(stream);
  const words = await new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(`the functions could not be started: ${message}`));
    child.once('exit', (code, by) => resolve(`the functions ended (${by ?? `exit code ${code}`}); see ${logFile}`));
  });
  log.close();
  return words;
};

const fail = (message: string): never => {
  throw new StartError(message);
};

/** A signal to a terminal's group does not reach it: we stop it in our order. It ends when we are gone, see `aws/preload.ts`. */
const spawnServerless = (
  options: FunctionsOptions,
  httpPort: number,
  lambdaPort: number,
  lambdaUrl: string,
): ChildProcess => {
  const serverless = createRequire(import.meta.url).resolve('serverless/bin/serverless.js');
  const params = {
    pulsarServiceUrl: options.pulsarServiceUrl,
    ...(options.pulsarAdminUrl && { pulsarAdminUrl: options.pulsarAdminUrl }),
    storeUrl: options.storeUrl,
    buildFolder: buildFolder(options.data.path),
    authentication: process.env.AUTHENTICATION || 'none',
    region: process.env.AWS_REGION ?? 'us-east-1',
  };
  const args = [
    ...[
      '--import',
      PRELOAD,
      serverless,
      'offline',
      '--stage',
      STAGE,
      '--host',
      '127.0.0.1',
      '--localEnvironment',
      '--noAuth',
    ],
    ...['--httpPort', String(httpPort), '--lambdaPort', String(lambdaPort)],
    ...Object.entries(params).map(([name, value]) => `--param=${name}=${value}`),
  ];
  return spawn(process.execPath, args, {
    cwd: PROJECT,
    env: {
      ...madeUpCredentials(options.storeUrl),
      // A second start loads serverless a third faster.
      NODE_COMPILE_CACHE: join(PROJECT, '.esbuild', 'compile-cache'),
      ...process.env,
      FAILED_INVOKES_FILE: options.data.failedInvokes,
      AWS_ENDPOINT_URL_LAMBDA: lambdaUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
};

/** Two starts with different data must not build into one folder. It is in the project, where bundles find `node_modules`. */
const buildFolder = (dataDir: string): string =>
  `.esbuild/${createHash('sha256').update(relative(PROJECT, dataDir)).digest('hex').slice(0, 12)}`;

/** The AWS SDK wants some, also for invocations that stay on this machine; a store in AWS needs the user's own. */
const madeUpCredentials = (storeUrl: string): NodeJS.ProcessEnv =>
  storeUrl.startsWith('dynamodb:') ? {} : { AWS_ACCESS_KEY_ID: 'offline', AWS_SECRET_ACCESS_KEY: 'offline' };

const removeBuild = (dataDir: string): Promise<void> =>
  rm(join(PROJECT, buildFolder(dataDir)), { recursive: true, force: true }).catch(() => {});

const waitForPorts = async (ports: readonly number[], signal: AbortSignal): Promise<void> => {
  const deadline = AbortSignal.timeout(START_MS);
  for (const port of ports) {
    while (!(await isOpen(port))) {
      signal.throwIfAborted();
      if (deadline.aborted) throw new StartError(`the functions did not start within ${START_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
};

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const invoke = async (lambdaPort: number, name: string, payload: object): Promise<void> => {
  const url = `http://127.0.0.1:${lambdaPort}/2015-03-31/functions/${SERVICE}-${STAGE}-${name}/invocations`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'x-amz-invocation-type': 'Event' },
    body: JSON.stringify(payload),
    signal: AbortSignal.timeout(INVOKE_MS),
  });
  if (!response.ok) throw new Error(`invoking ${name} was answered ${response.status}`);
};
