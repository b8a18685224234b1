import type { FlowOptions } from '../core/flow-options.ts';

/** Times and sizes of a run, in milliseconds, records and bytes. */
export interface RunSettings {
  /** Pause between two heartbeats: lease renewal, status, a look at the desired state. */
  readonly heartbeatMs: number;
  /** Lifetime of a lease that is not renewed; the store's own setting must agree. */
  readonly leaseTtlMs: number;
  /** How much longer than that others count it as held, for clocks that differ; the store's own setting must agree. */
  readonly maxSkewMs: number;
  /** The holder stops this long before its lease ends by its own timer. */
  readonly leaseMarginMs: number;
  /** A run with nothing to move for this long ends. */
  readonly idleMs: number;
  /** Before the deadline: the successor is invoked. */
  readonly handOverLeadMs: number;
  /** Before the deadline: no new batch is begun. */
  readonly stopMarginMs: number;
  /** Before the deadline: everything is aborted. */
  readonly abortMarginMs: number;
  /** How long a successor waits for its predecessor to hand over. */
  readonly handOverWaitMs: number;
  /** Waits after failures. A wait longer than `maxWaitInRunMs` is left to the dispatcher. */
  readonly backoff: { readonly firstMs: number; readonly maxMs: number };
  readonly maxWaitInRunMs: number;
  /** How long a producer name or subscription that another connection holds is no failure: brokers take so long to notice a frozen holder. */
  readonly busyMs: number;
  /** Pause before it is asked for again. */
  readonly busyPollMs: number;
  /** Largest sink batch, where the type has no size of its own. */
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  /** How long a sink batch waits for more records once it has one. */
  readonly lingerMs: number;
  /** Source partitions and input topics that one run works for at once. */
  readonly maxConcurrentPartitions: number;
  /** How long a topic's end must stand still before a tail scan believes it. */
  readonly tailStableMs: number;
}

/** Defaults; an environment may shorten times for a test. */
export const DEFAULT_RUN_SETTINGS: RunSettings = {
  heartbeatMs: 3_000,
  leaseTtlMs: 15_000,
  maxSkewMs: 2_000,
  leaseMarginMs: 3_000,
  idleMs: 10_000,
  handOverLeadMs: 12_000,
  stopMarginMs: 6_000,
  abortMarginMs: 1_500,
  handOverWaitMs: 20_000,
  backoff: { firstMs: 200, maxMs: 60_000 },
  maxWaitInRunMs: 5_000,
  busyMs: 60_000,
  busyPollMs: 1_000,
  maxBatchRecords: 1_000,
  maxBatchBytes: 4 * 1024 * 1024,
  lingerMs: 5,
  maxConcurrentPartitions: 16,
  tailStableMs: 10_000,
};

/** The settings with what a connector's configuration asks for. */
export const settingsFor = (settings: RunSettings, flow: FlowOptions): RunSettings => {
  const { firstMs, maxMs } = settings.backoff;
  const most = flow.retryBackoffMaxMs ?? Math.max(maxMs, flow.retryBackoffMs ?? 0);
  return {
    ...settings,
    maxBatchRecords: flow.batchSize ?? settings.maxBatchRecords,
    lingerMs: flow.batchTimeMs ?? settings.lingerMs,
    backoff: { firstMs: Math.min(flow.retryBackoffMs ?? firstMs, most), maxMs: most },
  };
};
