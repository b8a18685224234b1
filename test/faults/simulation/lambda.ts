import type { PulsarIoError } from '../../../src/core/errors.ts';
import type { RunRequest } from '../../../src/core/run-request.ts';
import { readRunRequest } from '../../../src/core/run-request.ts';
import { runInstance } from '../../../src/runtime/instance-run.ts';
import type { RunDeps } from '../../../src/runtime/run-deps.ts';
import { sinkWork } from '../../../src/runtime/sink-run.ts';
import { sourceWork } from '../../../src/runtime/source-run.ts';
import type { Process, Surroundings } from './process.ts';

/** A sandbox of the platform: a process that serves one invocation after the other and is frozen in between. */
export interface Sandbox {
  readonly process: Process;
  readonly deps: RunDeps;
}

/** What a simulated platform needs. */
export interface LambdaOptions {
  readonly surroundings: Surroundings;
  /** Longest time of an invocation, in milliseconds of the sandbox's own time. */
  readonly timeoutMs: number;
  newSandbox(): Sandbox;
}

/** What an invocation is given besides its event. */
export interface Invocation extends Sandbox {
  readonly remainingMs: () => number;
  /** Aborted a moment before the time is over, as middy does it. */
  readonly signal: AbortSignal;
}

/** How often the platform delivers an asynchronous event twice. */
const TWICE = 0.1;
const ABORTS_EARLY_MS = 5;

/** One function of the platform: its invocations have a warm sandbox when there is one, and are killed when their time is over. */
export class Lambda {
  readonly #options: LambdaOptions;
  readonly #warm: Sandbox[] = [];
  readonly #busy = new Set<Process>();
  /** Invocations begun, so far. */
  started = 0;
  /** Asynchronous invocations that ended by a failure of theirs: none may. */
  readonly failures: string[] = [];

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  /** Invocations that have not ended. */
  get running(): number {
    return this.#busy.size;
  }

  /** Accepts an asynchronous invocation of a run. */
  accept(request: RunRequest, delayMs = 0): void {
    const { timeline, dice } = this.#options.surroundings;
    const payload = JSON.stringify(request);
    const deliveries = dice.chance(TWICE) ? 2 : 1;
    for (let delivery = 0; delivery < deliveries; delivery++)
      timeline.after(5 + dice.integer(100) + delayMs, () => this.#run(readRunRequest(JSON.parse(payload))));
  }

  #run(request: RunRequest): void {
    const work = request.kind === 'source' ? sourceWork : sinkWork;
    this.invoke(({ remainingMs, deps }) => runInstance(request, remainingMs, deps, work)).catch((error: unknown) => {
      // A store that cannot be reached is nothing that a run could write down.
      const isExpected = error instanceof SandboxDied || (error as PulsarIoError).code === 'PIO_STORE_UNAVAILABLE';
      if (!isExpected) this.failures.push(String(error));
    });
  }

  /** An invocation whose end the caller sees: what `work` gives or fails with, or `SandboxDied`. */
  invoke<T>(work: (invocation: Invocation) => Promise<T>): Promise<T> {
    const sandbox = this.#sandbox();
    const { process } = sandbox;
    this.started += 1;
    this.#busy.add(process);
    const ended = Promise.withResolvers<T>();
    let isOver = false;
    process.onDeath(() => {
      if (!isOver) ended.reject(new SandboxDied());
    });
    const end = () => {
      isOver = true;
      if (process.isDead) return;
      this.#busy.delete(process);
      process.pause();
      this.#warm.push(sandbox);
    };
    work({ ...sandbox, ...this.#limit(process, () => isOver) }).then(
      (value) => {
        end();
        ended.resolve(value);
      },
      (error: unknown) => {
        end();
        ended.reject(error);
      },
    );
    return ended.promise;
  }

  /** Its own time, which stands still while it is frozen. */
  #limit(process: Process, isOver: () => boolean): Pick<Invocation, 'remainingMs' | 'signal'> {
    const endMs = process.clock.monotonicMs() + this.#options.timeoutMs;
    const remainingMs = () => endMs - process.clock.monotonicMs();
    const early = new AbortController();
    const at = (leadMs: number, act: () => void): void => {
      process.later(Math.max(0, remainingMs() - leadMs), () => {
        if (isOver()) return;
        if (remainingMs() > leadMs) at(leadMs, act);
        else act();
      });
    };
    at(ABORTS_EARLY_MS, () => early.abort(new Error('the time of the invocation is over')));
    at(0, () => process.die());
    return { remainingMs, signal: early.signal };
  }

  #sandbox(): Sandbox {
    for (let warm = this.#warm.shift(); warm; warm = this.#warm.shift()) {
      if (warm.process.isDead) continue;
      warm.process.resume();
      return warm;
    }
    const sandbox = this.#options.newSandbox();
    sandbox.process.onDeath(() => this.#busy.delete(sandbox.process));
    return sandbox;
  }
}

/** The caller of a function is told so when its process died or its time was over. */
class SandboxDied extends Error {}
