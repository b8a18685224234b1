import type { Process, Request } from '../simulation/process.ts';
import type { RealWork } from './real-work.ts';
import type { ProcessUnderTest } from './world.ts';

/** Port of every call that a connector's own client makes. */
export const CLIENT_PORT = 'client';

const RESET = { code: 'ECONNRESET' };
const reset = (kind: 'refused' | 'lost'): Error =>
  Object.assign(new Error(kind === 'lost' ? 'the connection broke behind the request' : 'connection reset'), RESET);

/** A simulated process as code of a connector sees it. */
export class SimulatedProcess implements ProcessUnderTest {
  readonly clock: ProcessUnderTest['clock'];
  readonly #process: Process;
  readonly #work: RealWork;
  readonly #kills: (() => void)[] = [];

  constructor(process: Process, work: RealWork) {
    this.#process = process;
    this.#work = work;
    const { nowMs, monotonicMs, sleep } = process.clock;
    this.clock = { nowMs, monotonicMs, sleep: (ms, signal) => work.simulated(() => sleep(ms, signal)) };
    process.onDeath(() => {
      for (const kill of this.#kills) kill();
    });
  }

  /** Makes a call of its code to something real that faults may strike. */
  ask<T>(
    port: string,
    act: () => T | Promise<T>,
    { failure, signal }: Pick<Request<T>, 'failure' | 'signal'>,
  ): Promise<T> {
    const effect = () => this.#work.do(this.#group(port), port, act);
    return this.#work.simulated(() => this.#process.request({ port, signal, effect, failure }));
  }

  /** What its client does is done elsewhere: it waits for none of its code. */
  #group(port: string): object {
    return port === CLIENT_PORT ? {} : this;
  }

  /** Runs its code where nothing strikes. */
  run<T>(what: string, act: () => T | Promise<T>): Promise<T> {
    return this.#work.do(this, what, act);
  }

  onKill(act: () => void): void {
    this.#kills.push(act);
  }

  /** Lets `close` be called when the process is killed, unless its code said what happens then. */
  closeWhenKilled(close: () => Promise<void>): void {
    if (this.#kills.length > 0) return;
    this.#process.onDeath(() => void this.run('close', close).catch(() => undefined));
  }

  calls<T extends object>(client: T, failure: (kind: 'refused' | 'lost') => Error = reset): T {
    return new Proxy(client, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => this.ask(CLIENT_PORT, () => value.apply(target, given), { failure });
      },
    });
  }

  /** The global fetch, with faults. */
  readonly fetch: typeof fetch = (input, init) =>
    this.ask(CLIENT_PORT, () => fetch(input, init), {
      failure: (kind) => new TypeError('fetch failed', { cause: reset(kind) }),
    });
}
