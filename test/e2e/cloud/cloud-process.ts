/**
 * The cloud of an end-to-end test: API Gateway in front of the admin function, the Lambda Invoke API that gives every run a process of its own, and the
 * scheduler that ticks the dispatcher. Prints one line of JSON with its port when it serves.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Context } from 'aws-lambda';
import { handler as admin } from '../../../handlers/admin.ts';
import { handler as tick } from '../../../handlers/dispatcher.ts';
import { handler as webhook } from '../../../handlers/http-source.ts';
import { httpEvent, joinedHeaders } from '../../lambda/http-event.ts';
import { type CloudOptions, type CloudState, DEFAULT_MAX_RUNS } from './protocol.ts';

const options = JSON.parse(process.env.PIO_CLOUD ?? '{}') as CloudOptions;
const { maxRuns = DEFAULT_MAX_RUNS } = options;
const runs = new Set<ChildProcess>();
const logFd = openSync(options.logFile, 'a');
const log = (line: string): void =>
  void writeSync(
    logFd,
    `${line}
`,
  );
let started = 0;
let killed = 0;

const startRun = (payload: Buffer): ChildProcess => {
  const chaos = options.chaos && killed < options.chaos.maxKills ? options.chaos : undefined;
  started += 1;
  const env = {
    ...process.env,
    ...(chaos && { PIO_CHAOS: JSON.stringify({ ...chaos, seed: chaos.seed * 1000 + started }) }),
  };
  const run = spawn(process.execPath, ['--enable-source-maps', options.functionBundle], {
    env,
    stdio: ['pipe', logFd, logFd, 'pipe'],
  });
  runs.add(run);
  run.on('exit', (_code, signal) => {
    runs.delete(run);
    if (signal === 'SIGKILL') killed += 1;
  });
  run.stdin?.end(payload);
  return run;
};

const killRuns = (): number => {
  for (const run of runs) run.kill('SIGKILL');
  return runs.size;
};

const lambdaContext = { getRemainingTimeInMillis: () => 29_000 } as Context;

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await buffer(request);
  const path = request.url ?? '';
  if (path.startsWith('/2015-03-31/functions/') && runs.size >= maxRuns) {
    response.writeHead(429, { 'x-amzn-errortype': 'TooManyRequestsException' }).end('{}');
  } else if (path.startsWith('/2015-03-31/functions/')) {
    const run = startRun(body);
    if (request.headers['x-amz-invocation-type'] !== 'RequestResponse') response.writeHead(202).end();
    else response.writeHead(200).end(await buffer(run.stdio[3] as Readable));
  } else if (path === '/cloud') {
    const state: CloudState = { running: runs.size, started, killed };
    response.end(JSON.stringify(state));
  } else if (path === '/cloud/kill') {
    response.end(JSON.stringify(killRuns()));
  } else {
    const handler = path.startsWith('/webhooks/') ? webhook : admin;
    const event = httpEvent(request.method ?? 'GET', path, joinedHeaders(request.headers), body);
    const result = await handler(event, lambdaContext);
    response.writeHead(result.statusCode ?? 200, result.headers as Record<string, string>).end(result.body ?? '');
  }
};

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    log(`cloud: ${(error as Error).stack}`);
    response.writeHead(500).end(String(error));
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
process.env.AWS_ENDPOINT_URL_LAMBDA = `http://127.0.0.1:${port}`;

let isTicking = false;
/** The schedule; a tick that takes longer than the pause is not overtaken. */
setInterval(async () => {
  if (isTicking) return;
  isTicking = true;
  await tick({}, lambdaContext).catch((error: unknown) => log(`dispatcher: ${(error as Error).stack}`));
  isTicking = false;
}, options.tickMs);

const end = (): void => {
  killRuns();
  process.exit(0);
};
process.on('SIGTERM', end);
process.on('disconnect', end);
console.log(JSON.stringify({ port }));
