import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Posted, RuntimeApi } from './runtime-api.ts';

/** A function as it is deployed. */
export interface FunctionSettings {
  readonly name: string;
  /** Folder of its package. */
  readonly taskRoot: string;
  /** `handlers/admin.handler`. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  /** Where its output goes: a file descriptor; default: nowhere. */
  readonly logFd?: number;
}

/** How an invocation ended; only after the first two does the environment live on. */
export type Outcome =
  | { readonly kind: 'response' | 'error'; readonly body: Buffer }
  | { readonly kind: 'timeout' | 'crash' };

const NODE = join(import.meta.dirname, '../../node_modules/.bin/node');
const BOOTSTRAP = join(import.meta.dirname, 'bootstrap.mjs');
/**
 * How long a process has after SIGTERM, at most. Lambda sends it only where an extension is registered ("Lambda runtime environment lifecycle", shutdown phase), and kills others at once.
 */
const TERMINATION_MS = 2_000;
/** Lambda leaves the rest to the runtime itself. */
const HEAP_SHARE = 0.9;

/** One execution environment of a function: a process that is frozen between invocations, and killed at the deadline of one. */
export class Sandbox {
  /** The version of the code that it was made of. */
  readonly settings: FunctionSettings;
  readonly #api: RuntimeApi;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** Milliseconds from the start of the process until it asked for its first invocation. */
  readonly initMs: number;
  #billedMs = 0;

  private constructor(settings: FunctionSettings, api: RuntimeApi, process: ChildProcess, initMs: number) {
    this.settings = settings;
    this.#api = api;
    this.#process = process;
    this.#ended = once(process, 'exit').then(() => api.close());
    this.initMs = initMs;
  }

  /** Initialises an environment and freezes it. Throws with what the runtime said when the function cannot be loaded. */
  static async start(settings: FunctionSettings): Promise<Sandbox> {
    const api = await RuntimeApi.start();
    const beganMs = performance.now();
    const process = spawnRuntime(settings, api.address);
    const died = once(process, 'exit').then((): Posted => ({ kind: 'init-error', body: Buffer.from('it ended') }));
    const problem = await Promise.race([api.ready(), died]);
    const sandbox = new Sandbox(settings, api, process, performance.now() - beganMs);
    if (!problem) return sandbox.#freeze();
    api.close();
    throw new Error(`${settings.name} could not be initialised: ${problem.body}`);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Most memory that the process has had, in MiB. */
  get peakMb(): number {
    const [, kb = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    return Number(kb) / 1024;
  }

  /** Time that processors have spent for the process, in milliseconds: a loaded machine changes it little. */
  get cpuMs(): number {
    const tasks = readdirSync(`/proc/${this.pid}/task`);
    const nanoseconds = tasks.map((task) =>
      Number.parseInt(readFileSync(`/proc/${this.pid}/task/${task}/schedstat`, 'utf8'), 10),
    );
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
  }

  /**
   * What Lambda has billed for so far, in milliseconds: of each invocation the time until its answer, rounded up to a millisecond, with the initialisation in the first
   * (AWS: "AWS Lambda standardizes billing for INIT Phase", 2025).
   */
  get billedMs(): number {
    return this.#billedMs;
  }

  /** Invokes the function once; one invocation at a time. */
  async invoke(payload: Buffer): Promise<Outcome> {
    const beganMs = performance.now() - (this.#billedMs === 0 ? this.initMs : 0);
    const { name, timeoutMs } = this.settings;
    const functionArn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
    this.#process.kill('SIGCONT');
    const given = { id: randomUUID(), payload, deadlineMs: Date.now() + timeoutMs, functionArn };
    const timer = Promise.withResolvers<Outcome>();
    const timeout = setTimeout(() => timer.resolve({ kind: 'timeout' }), timeoutMs);
    const crash = this.#ended.then((): Outcome => ({ kind: 'crash' }));
    const done = this.#api.give(given).then(outcomeOf);
    const outcome = await Promise.race([done, crash, timer.promise]);
    clearTimeout(timeout);
    this.#billedMs += Math.ceil(performance.now() - beganMs);
    if (outcome.kind === 'timeout') this.kill();
    if (outcome.kind !== 'response' && outcome.kind !== 'error') return outcome;
    await Promise.race([this.#api.ready(), this.#ended]);
    this.#freeze();
    return outcome;
  }

  /** SIGKILL, as Lambda ends an environment at the deadline. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Ends an environment that is not needed any more as Lambda does where an extension is registered: thawed, SIGTERM, and SIGKILL when that does not end it in time. */
  async shutDown(): Promise<void> {
    this.#process.kill('SIGCONT');
    this.#process.kill('SIGTERM');
    const killing = setTimeout(() => this.kill(), TERMINATION_MS);
    await this.#ended;
    clearTimeout(killing);
  }

  /** Ends the environment; resolves when its process is gone. */
  async stop(): Promise<void> {
    this.kill();
    await this.#ended;
  }

  #freeze(): this {
    this.#process.kill('SIGSTOP');
    return this;
  }
}

const outcomeOf = ({ kind, body }: Posted): Outcome => ({ kind: kind === 'response' ? kind : 'error', body });

const spawnRuntime = (settings: FunctionSettings, address: string): ChildProcess => {
  const { name, taskRoot, handler, memoryMb, environment, logFd = 'ignore' } = settings;
  return spawn(NODE, [`--max-old-space-size=${Math.floor(memoryMb * HEAP_SHARE)}`, BOOTSTRAP], {
    cwd: taskRoot,
    stdio: ['ignore', logFd, logFd],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TZ: ':UTC',
      LAMBDA_TASK_ROOT: taskRoot,
      _HANDLER: handler,
      AWS_LAMBDA_RUNTIME_API: address,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
      ...environment,
    },
  });
};
