import fc from 'fast-check';
import { isRefused, violations } from './laws.ts';
import { type Scenario, schedulesOf } from './scenarios.ts';
import type { Schedule } from './schedule.ts';
import { type SimulationHooks, simulate } from './simulate.ts';

/** How long and with what seed a scenario is examined. */
export interface Examination {
  readonly seed: number;
  /** Most schedules. */
  readonly runs: number;
  /** No schedule is begun after that many milliseconds. */
  readonly budgetMs?: number;
  /** Replays one schedule of the seed: what a failed examination printed. */
  readonly path?: string;
  /** Most records of one schedule. */
  readonly maxRecords?: number;
  /** No schedule is begun once so much was seen. */
  readonly enough?: { readonly records: number; readonly kills: number };
  readonly hooks?: SimulationHooks;
  /** Schedules of the scenario; {@link schedulesOf} when absent. */
  readonly schedules?: typeof schedulesOf;
}

/** A schedule that broke a promise, made as small as it goes. */
export interface Counterexample {
  readonly schedule: Schedule;
  readonly path: string;
  readonly violations: readonly string[];
}

/** What an examination found. */
export interface Examined {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly schedules: number;
  readonly records: number;
  readonly kills: number;
  readonly runs: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** How often each kind of fault struck. */
  readonly struck: Readonly<Record<string, number>>;
  /** Schedules that ended with a source that asks its operator; nothing else of them is counted. */
  readonly refused: number;
  readonly tookMs: number;
  readonly counterexample?: Counterexample;
}

/** Examines a scenario with many schedules; the first that breaks a promise is made small. */
export const examine = async (scenario: Scenario, options: Examination): Promise<Examined> => {
  const total = { refused: 0, schedules: 0, records: 0, kills: 0, runs: 0, lost: 0, duplicated: 0, reordered: 0 };
  const struck: Record<string, number> = {};
  const startMs = performance.now();
  const isEnough = () =>
    options.enough !== undefined && total.records >= options.enough.records && total.kills >= options.enough.kills;
  const { schedules = schedulesOf } = options;
  const property = fc.asyncProperty(schedules(scenario, options.maxRecords), async (schedule) => {
    if (isEnough()) return;
    const outcome = await simulate(schedule, options.hooks);
    if (isRefused(outcome)) {
      total.refused += 1;
      return;
    }
    total.schedules += 1;
    for (const name of ['records', 'kills', 'runs'] as const) total[name] += outcome[name];
    for (const name of ['lost', 'duplicated', 'reordered'] as const) total[name] += outcome[name].length;
    for (const place of outcome.struck) {
      const kind = place.split(' ')[1] ?? '';
      struck[kind] = (struck[kind] ?? 0) + 1;
    }
    const found = violations(schedule, outcome);
    if (found.length > 0) throw new Error(found.join('\n'));
  });
  const { seed, runs, path, budgetMs } = options;
  const details = await fc.check(property, {
    seed,
    numRuns: runs,
    ...(path !== undefined && { path }),
    ...(budgetMs !== undefined && { interruptAfterTimeLimit: budgetMs }),
  });
  const tookMs = performance.now() - startMs;
  const examined = { scenario, seed, ...total, struck, tookMs };
  if (!details.failed || !details.counterexample) return examined;
  const [schedule] = details.counterexample;
  const message = details.errorInstance instanceof Error ? details.errorInstance.message : '';
  const counterexample = { schedule, path: details.counterexamplePath ?? '', violations: message.split('\n') };
  return { ...examined, counterexample };
};
