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

/** How often the platform delivers an asynchronous event twice. */
const TWICE = 0.1;

/** The platform that runs invocations: in a warm sandbox when there is one, killed when their time is over. */
export class Lambda {
  readonly #options: LambdaOptions;
  readonly #warm: Sandbox[] = [];
  readonly #busy = new Set<Process>();
  /** Invocations begun, so far. */
  started = 0;
  /** How many of them ended by a failure of theirs, with the last one's message: none may. */
  readonly failures: string[] = [];

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  /** Invocations that have not ended. */
  get running(): number {
    return this.#busy.size;
  }

  /** Accepts an asynchronous invocation. */
  accept(request: RunRequest, delayMs = 0): void {
    const { timeline, dice } = this.#options.surroundings;
    const payload = JSON.stringify(request);
    const deliveries = dice.chance(TWICE) ? 2 : 1;
    for (let delivery = 0; delivery < deliveries; delivery++)
      timeline.after(5 + dice.integer(100) + delayMs, () => this.#start(readRunRequest(JSON.parse(payload))));
  }

  #start(request: RunRequest): void {
    const sandbox = this.#sandbox();
    const { process, deps } = sandbox;
    this.started += 1;
    this.#busy.add(process);
    const endMs = process.clock.monotonicMs() + this.#options.timeoutMs;
    const remainingMs = () => endMs - process.clock.monotonicMs();
    let isOver = false;
    const end = () => {
      isOver = true;
      if (process.isDead) return;
      this.#busy.delete(process);
      process.pause();
      this.#warm.push(sandbox);
    };
    const kill = () => {
      const leftMs = remainingMs();
      if (isOver) return;
      if (leftMs > 0) process.later(leftMs, kill);
      else process.die();
    };
    process.later(this.#options.timeoutMs, kill);
    const work = request.kind === 'source' ? sourceWork : sinkWork;
    runInstance(request, remainingMs, deps, work).then(end, (error: unknown) => {
      // A store that cannot be reached is nothing that a run could write down.
      if ((error as PulsarIoError).code !== 'PIO_STORE_UNAVAILABLE') this.failures.push(String(error));
      end();
    });
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
