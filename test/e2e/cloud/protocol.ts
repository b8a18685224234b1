import type { Guarantee } from '../../../src/core/guarantee.ts';
import type { RunSettings } from '../../../src/runtime/run-settings.ts';

/** What is done to a run's process. */
export interface Chaos {
  /** Chance that the process kills itself (SIGKILL) before or after one call of a port: broker, store or target. */
  readonly killChance: number;
  /** True: only around effects (publishing, writing), where a guarantee that is kept by the wrong means shows it with every other kill. */
  readonly aimsAtEffects?: boolean;
  /** Kills after which runs are left alone. */
  readonly maxKills: number;
  readonly seed: number;
}

/** As many as any test has at work: where processes start slower than they are asked for, each more makes all of them slower still. */
export const DEFAULT_MAX_RUNS = 6;

/** How the processes of an end-to-end test are set up; travels as JSON in `PIO_CLOUD`. */
export interface CloudOptions {
  readonly serviceUrl: string;
  readonly adminUrl?: string;
  readonly storeUrl: string;
  readonly runSettings: Partial<RunSettings>;
  readonly tickMs: number;
  /** Runs at work at a time; more invocations are refused, as by a function's reserved concurrency. Default: {@link DEFAULT_MAX_RUNS}. */
  readonly maxRuns?: number;
  /** Path of the bundled function process. */
  readonly functionBundle: string;
  readonly logFile: string;
  readonly chaos?: Chaos;
  /** A guarantee that is kept by another's means, to see a test fail. */
  readonly swap?: { readonly asked: Guarantee; readonly kept: Guarantee };
}

/** Answer of `GET /cloud`. */
export interface CloudState {
  readonly running: number;
  readonly started: number;
  readonly killed: number;
  /** Of a cloud with Lambda's execution environments: how many there were, and how many reached the deadline of an invocation. */
  readonly environments?: number;
  readonly timeouts?: number;
  /** Runs that began while another version of the code was still at work. */
  readonly overlaps?: number;
  /** Time that processors have spent for each function, in milliseconds. */
  readonly cpuMs?: Readonly<Record<string, number>>;
  /** What Lambda has billed for the invocations of each function that ended, in milliseconds, and how many those and others were. */
  readonly billedMs?: Readonly<Record<string, number>>;
  readonly invocations?: Readonly<Record<string, number>>;
}
