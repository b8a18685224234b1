import type { Clock } from '../core/clock.ts';
import type { FlowOptions } from '../core/flow-options.ts';

/** What a run's pace depends on. */
export interface PaceOptions {
  readonly clock: Clock;
  readonly flow: FlowOptions;
  /** Instances that share a rate. */
  readonly parallelism: number;
  /** Milliseconds until everything is aborted; undefined: no deadline. */
  readonly msUntilAbort?: (() => number) | undefined;
}

/** Weight of the last batch in what a record is expected to take. */
const WEIGHT = 0.3;
/** A batch is made so small that it is expected to take this part of the time that is left. */
const SHARE_OF_TIME_LEFT = 0.5;
const MS_PER_SECOND = 1_000;

/**
 * How fast a run goes: batches of the configured size, smaller where the target is so slow that one would not end before the deadline; and no more records per second than
 * configured, over all topics and partitions of the run.
 */
export class Pace {
  readonly #options: PaceOptions;
  readonly #msPerRecordByRate: number;
  #msPerRecord: number | undefined;
  #freeAtMs: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    const { maxRecordsPerSecond } = options.flow;
    this.#msPerRecordByRate = maxRecordsPerSecond ? (MS_PER_SECOND * options.parallelism) / maxRecordsPerSecond : 0;
    this.#freeAtMs = options.clock.monotonicMs();
  }

  /** Largest batch that should be begun now, from 1 to `most`. */
  batchRecords(most: number): number {
    const { flow, msUntilAbort } = this.#options;
    const limits = [most, flow.batchSize ?? most];
    if (this.#msPerRecordByRate > 0) limits.push(MS_PER_SECOND / this.#msPerRecordByRate);
    if (this.#msPerRecord && msUntilAbort) limits.push((msUntilAbort() * SHARE_OF_TIME_LEFT) / this.#msPerRecord);
    return Math.max(1, Math.floor(Math.min(...limits)));
  }

  /** Notes a batch that took so long, and waits for as long as the rate asks for; not beyond `stopSignal`. */
  async spent(records: number, tookMs: number, stopSignal: AbortSignal): Promise<void> {
    const perRecord = tookMs / Math.max(1, records);
    this.#msPerRecord =
      this.#msPerRecord === undefined ? perRecord : this.#msPerRecord * (1 - WEIGHT) + perRecord * WEIGHT;
    if (this.#msPerRecordByRate === 0) return;
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    // A batch's time counts for its rate, but what was not used before is not saved up.
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - tookMs) + records * this.#msPerRecordByRate;
    const waitMs = this.#freeAtMs - nowMs;
    if (waitMs > 0) await clock.sleep(waitMs, stopSignal).catch(() => undefined);
  }
}
