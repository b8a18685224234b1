import { Cron } from 'croner';
import { BATCH_TRIGGERERS } from './batch-triggerers.ts';
import type { CommonConfig, SourceConfig } from './connector.ts';
import { PulsarIoError } from './errors.ts';
import { runtimeOptions } from './runtime-options.ts';

/** What is done about times that passed while nobody could serve them: nothing, one run for all of them, or one for each. */
export const MISSED_TIMES = ['skip', 'once', 'all'] as const;

/** One of {@link MISSED_TIMES}. */
export type MissedTimes = (typeof MISSED_TIMES)[number];

/** When a connector runs, instead of whenever there is work. */
export interface Schedule {
  /** Five fields (minute to weekday; day or weekday must match, as in crontab) or six (second first; day and weekday must match, as in Spring, which Pulsar uses). */
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly missedTimes: MissedTimes;
}

/** With `skip`, a time that passed longer ago is missed: what a dispatcher, a cold start and a short back-off may take. */
export const SKIPPED_AFTER_MS = 5 * 60_000;

const SECOND_MS = 1_000;

const parse = ({ cron, timeZone }: Schedule): Cron =>
  new Cron(cron, {
    paused: true,
    timezone: timeZone,
    sloppyRanges: true,
    domAndDow: cron.trim().split(/\s+/).length > 5,
  });

/** The schedule that a connector's options or its cron triggerer ask for; undefined: it runs whenever there is work. Throws `PIO_CONFIG_INVALID`. */
export const scheduleOf = (config: CommonConfig): Schedule | undefined => {
  const { schedule, timeZone = 'UTC', missedTimes = 'once' } = runtimeOptions(config);
  const cron = schedule ?? cronOf(config as SourceConfig);
  return cron === undefined ? undefined : { cron, timeZone, missedTimes };
};

const cronOf = ({ batchSourceConfig }: SourceConfig): string | undefined =>
  batchSourceConfig?.discoveryTriggererClassName === BATCH_TRIGGERERS.cron
    ? ((batchSourceConfig.discoveryTriggererConfig as Record<string, string> | undefined)?.[CRON_KEY] ?? '')
    : undefined;

/** Key of `discoveryTriggererConfig` that holds the cron expression, as Pulsar's `CronTriggerer` has it. */
export const CRON_KEY = '__CRON__';

/** Checks a schedule; throws `PIO_CONFIG_INVALID` with what is wrong with the expression or the zone, and when no time ever comes. */
export const checkSchedule = (schedule: Schedule, nowMs: number): void => {
  const what = `the schedule ${JSON.stringify(schedule.cron)} (${schedule.timeZone})`;
  let next: number | undefined;
  try {
    next = nextTime(schedule, nowMs);
  } catch (cause) {
    throw new PulsarIoError('PIO_CONFIG_INVALID', `${what} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (next === undefined) throw new PulsarIoError('PIO_CONFIG_INVALID', `${what} names no time that is still to come`);
};

/** The first time after `afterMs`; undefined: there is none. */
export const nextTime = (schedule: Schedule, afterMs: number): number | undefined =>
  parse(schedule).nextRun(new Date(afterMs))?.getTime();

/** The last time up to and including `nowMs`. */
const lastTime = (schedule: Schedule, nowMs: number): number | undefined =>
  parse(schedule)
    // Looks at whole seconds, and before the given one.
    .previousRuns(1, new Date(Math.floor(nowMs / SECOND_MS) * SECOND_MS + SECOND_MS))[0]
    ?.getTime();

/** The time that is to be served now; undefined: none. `servedMs`: the last one that was. Pure. */
export const dueTime = (schedule: Schedule, servedMs: number, nowMs: number): number | undefined => {
  const due = schedule.missedTimes === 'all' ? nextTime(schedule, servedMs) : lastTime(schedule, nowMs);
  if (due === undefined || due <= servedMs || due > nowMs) return undefined;
  return schedule.missedTimes === 'skip' && due < nowMs - SKIPPED_AFTER_MS ? undefined : due;
};
