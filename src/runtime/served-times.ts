import type { Checkpoint } from '../core/checkpoint.ts';
import { restartsOf } from '../core/connector.ts';
import { dueTime, nextTime, type Schedule } from '../core/schedule.ts';
import { servedTimesPartition } from '../core/served-times.ts';
import type { RunContext } from './run-deps.ts';

/** When a run works: at the times of a schedule, or once after each start of the instance. */
export type Timing = Schedule | 'at-start';

interface Served {
  /** The last time that was served; below 0: none. */
  readonly servedMs: number;
  /** True while no time was served: `servedMs` is when the schedule began. */
  readonly isFirst?: true;
  /** What it is a time of: another schedule begins anew. */
  readonly timing: string;
}

const NOT_YET = -1;

/** Which times an instance has served: fenced, so that of two runs only the newer one can say that a time is done. */
export class ServedTimes {
  readonly #context: RunContext;
  readonly #timing: Timing;
  #held: Checkpoint<Served>;

  private constructor(context: RunContext, timing: Timing, held: Checkpoint<Served>) {
    this.#context = context;
    this.#timing = timing;
    this.#held = held;
  }

  /** A schedule that nobody served before, or another one than before, begins now: no time before it is missed. */
  static async open(context: RunContext, timing: Timing): Promise<ServedTimes> {
    const { deps, connector, instance, control } = context;
    const text =
      timing === 'at-start'
        ? `at-start ${connector.generation}.${restartsOf(connector, instance)}`
        : `${timing.cron} ${timing.timeZone}`;
    const beginning: Served = {
      isFirst: true,
      servedMs: timing === 'at-start' ? NOT_YET : deps.clock.nowMs(),
      timing: text,
    };
    const held = await deps.checkpoints.fence<Served>(
      connector.uid,
      servedTimesPartition(instance),
      context.nextToken(),
      beginning,
      (stored) => (stored.timing === text ? stored : beginning),
      control.signal,
    );
    return new ServedTimes(context, timing, held);
  }

  /** The time that is to be served now; undefined: none. */
  dueMs(): number | undefined {
    const { servedMs } = this.#held.progress;
    const nowMs = this.#context.deps.clock.nowMs();
    if (this.#timing === 'at-start') return servedMs === NOT_YET ? nowMs : undefined;
    return dueTime(this.#timing, servedMs, nowMs);
  }

  /** The time that was served before; undefined: none of this schedule. */
  servedBeforeMs(): number | undefined {
    const { servedMs, isFirst } = this.#held.progress;
    return servedMs === NOT_YET || isFirst ? undefined : servedMs;
  }

  /** Notes a time as served; throws `PIO_FENCED` when a newer run took over. */
  async serve(servedMs: number): Promise<void> {
    const { deps, connector, instance, control } = this.#context;
    const { timing } = this.#held.progress;
    const partition = servedTimesPartition(instance);
    this.#held = await deps.checkpoints.commit(
      connector.uid,
      partition,
      this.#held,
      { servedMs, timing },
      control.signal,
    );
  }

  /** How long until the next time, in milliseconds; undefined: there is none. */
  nextInMs(): number | undefined {
    if (this.#timing === 'at-start') return undefined;
    const nowMs = this.#context.deps.clock.nowMs();
    const next = nextTime(this.#timing, nowMs);
    return next === undefined ? undefined : next - nowMs;
  }
}
