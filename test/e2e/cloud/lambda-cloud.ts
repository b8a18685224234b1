import { mkdtempSync, openSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { bundleAsDeployed } from '../../lambda/bundles.ts';
import { httpEvent, joinedHeaders } from '../../lambda/http-event.ts';
import { LambdaFunction } from '../../lambda/lambda-function.ts';
import { Cloud, type CloudOptions, cloudEnvironment, type StartCloud } from './index.ts';
import type { CloudState } from './protocol.ts';

const NAMES = ['admin', 'dispatcher', 'source', 'sink', 'http-source', 'queue-source'] as const;
type Name = (typeof NAMES)[number];

const MEMORY_MB = 512;
/** Runs live for so long instead of fifteen minutes, and hand over accordingly. */
const RUN_TIMEOUT_MS = 7_000;
const HAND_OVER: CloudOptions['runSettings'] = {
  handOverLeadMs: 3_500,
  stopMarginMs: 2_000,
  abortMarginMs: 600,
  handOverWaitMs: 4_000,
};
const REQUEST_TIMEOUT_MS = 29_000;
/** A run that is killed lives for up to so long. */
const MAX_LIFE_MS = 3_000;

let bundled: Promise<string> | undefined;
const bundles = (): Promise<string> => {
  bundled ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pio-lambda-bundle-'));
    await Promise.all(NAMES.map((name) => bundleAsDeployed(`handlers/${name}.ts`, folder)));
    return folder;
  })();
  return bundled;
};

/** The functions of a deployment in Lambda's execution environments, with API Gateway, the Invoke API and the scheduler in front of them. */
class LambdaCloud {
  readonly functions: Readonly<Record<Name, LambdaFunction>>;
  readonly #chaos: CloudOptions['chaos'];
  #killed = 0;
  #ticking = false;

  constructor(functions: Readonly<Record<Name, LambdaFunction>>, chaos: CloudOptions['chaos']) {
    this.functions = functions;
    this.#chaos = chaos;
  }

  get state(): CloudState {
    const runs = [this.functions.source, this.functions.sink];
    const sum = (of: (it: LambdaFunction) => number) => runs.reduce((total, it) => total + of(it), 0);
    const each = (of: (it: LambdaFunction) => number) =>
      Object.fromEntries(Object.entries(this.functions).map(([name, it]) => [name, of(it)]));
    return {
      running: sum((it) => it.running),
      started: sum((it) => it.counts.invocations),
      killed: sum((it) => it.counts.crashes + it.counts.timeouts),
      environments: sum((it) => it.counts.coldStarts),
      timeouts: sum((it) => it.counts.timeouts),
      overlaps: sum((it) => it.counts.overlaps),
      cpuMs: each((it) => it.cpuMs),
      billedMs: each((it) => it.billedMs),
      invocations: each((it) => it.counts.invocations),
    };
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const path = request.url ?? '';
    const [, name] = /^\/2015-03-31\/functions\/e2e-([\w-]+)\/invocations/.exec(path) ?? [];
    if (name !== undefined) {
      const invoking = this.#invoke(name as Name, body);
      if (request.headers['x-amz-invocation-type'] !== 'RequestResponse') response.writeHead(202).end();
      else response.writeHead(200).end((await invoking) ?? 'null');
    } else if (path === '/cloud') {
      response.end(JSON.stringify(this.state));
    } else if (path === '/cloud/kill') {
      response.end(JSON.stringify(this.functions.source.killBusy() + this.functions.sink.killBusy()));
    } else if (path === '/cloud/redeploy') {
      await this.#redeploy();
      response.end('{}');
    } else if (path.startsWith('/2015-03-31/event-source-mappings')) {
      // Nobody receives for queues here: their events are sent by whoever wants to.
      response.end('{"EventSourceMappings":[]}');
    } else {
      const event = httpEvent(request.method ?? 'GET', path, joinedHeaders(request.headers), body);
      const text = await this.#invoke(
        path.startsWith('/webhooks/') ? 'http-source' : 'admin',
        Buffer.from(JSON.stringify(event)),
      );
      const answer = JSON.parse(String(text)) as APIGatewayProxyStructuredResultV2;
      response.writeHead(answer.statusCode ?? 200, answer.headers as Record<string, string>).end(answer.body ?? '');
    }
  }

  /** The schedule; a tick that takes longer than the pause is not overtaken. */
  async tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    await this.#invoke('dispatcher', Buffer.from('{}'));
    this.#ticking = false;
  }

  async #invoke(name: Name, payload: Buffer): Promise<Buffer | undefined> {
    const outcome = await this.functions[name].invoke(payload, (sandbox) => this.#mayKill(name, () => sandbox.kill()));
    return 'body' in outcome ? outcome.body : undefined;
  }

  /** The same bundles from a folder of their own. */
  async #redeploy(): Promise<void> {
    const taskRoot = mkdtempSync(join(tmpdir(), 'pio-lambda-next-'));
    await cp(await bundles(), taskRoot, { recursive: true });
    for (const it of Object.values(this.functions)) it.redeploy({ taskRoot });
  }

  #mayKill(name: Name, kill: () => void): void {
    const isRun = name === 'source' || name === 'sink';
    if (!isRun || !this.#chaos || this.#killed >= this.#chaos.maxKills) return;
    this.#killed += 1;
    setTimeout(kill, Math.random() * MAX_LIFE_MS).unref();
  }
}

/** Starts a cloud whose functions are the bundles of a deployment in Lambda's execution environments. `chaos`: runs are killed with SIGKILL at any moment of their lives. */
export const startLambdaCloud: StartCloud = async (options, environment = {}) => {
  const taskRoot = await bundles();
  const logFile = options.logFile ?? join(mkdtempSync(join(tmpdir(), 'pio-e2e-')), 'cloud.log');
  const logFd = openSync(logFile, 'a');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const runSettings = { ...HAND_OVER, ...options.runSettings };
  const env = {
    ...cloudEnvironment({ ...options, runSettings }),
    AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${port}`,
    ...environment,
  };
  const functionOf = (name: Name, timeoutMs: number) =>
    new LambdaFunction({
      ...{ name: `e2e-${name}`, taskRoot, handler: `handlers/${name}.handler` },
      ...{ environment: env, memoryMb: MEMORY_MB, timeoutMs, logFd },
    });
  const cloud = new LambdaCloud(
    {
      admin: functionOf('admin', REQUEST_TIMEOUT_MS),
      dispatcher: functionOf('dispatcher', REQUEST_TIMEOUT_MS),
      source: functionOf('source', RUN_TIMEOUT_MS),
      sink: functionOf('sink', RUN_TIMEOUT_MS),
      'http-source': functionOf('http-source', REQUEST_TIMEOUT_MS),
      'queue-source': functionOf('queue-source', REQUEST_TIMEOUT_MS),
    },
    options.chaos,
  );
  server.on('request', (request, response) => {
    cloud.answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const ticking = setInterval(() => void cloud.tick().catch(() => undefined), options.tickMs ?? 700);
  const end = async (): Promise<void> => {
    clearInterval(ticking);
    await Promise.all(Object.values(cloud.functions).map((it) => it.stop()));
    server.closeAllConnections();
    server.close();
  };
  return new Cloud(end, port, logFile);
};
