import type { CommonConfig } from './connector.ts';
import { PulsarIoError } from './errors.ts';
import { runtimeOptions } from './runtime-options.ts';

/** How a connector's records flow: what of `customRuntimeOptions` is a number. */
export interface FlowOptions {
  /** Most records of one batch. */
  readonly batchSize?: number;
  /** How long a sink's batch waits for more records once it has one, in milliseconds. */
  readonly batchTimeMs?: number;
  /** Of the whole connector: its instances share it evenly. */
  readonly maxRecordsPerSecond?: number;
  /** First wait after a failure, and the longest, in milliseconds. */
  readonly retryBackoffMs?: number;
  readonly retryBackoffMaxMs?: number;
  /** How many instances of a sink run whatever waits; the others run by its backlog. */
  readonly minParallelism?: number;
  readonly backlogPerInstance?: number;
}

/** Least and most of each. */
const LIMITS: Readonly<Record<keyof FlowOptions, readonly [least: number, most: number]>> = {
  batchSize: [1, 100_000],
  batchTimeMs: [0, 60_000],
  maxRecordsPerSecond: [1, 1_000_000],
  retryBackoffMs: [1, 60_000],
  retryBackoffMaxMs: [1, 3_600_000],
  minParallelism: [1, 1_000],
  backlogPerInstance: [1, 999_999_999],
};

/** Names of the options. */
export const FLOW_OPTIONS = Object.keys(LIMITS) as (keyof FlowOptions)[];

/** The flow that a configuration asks for. Throws `PIO_CONFIG_INVALID` for what is no number, or out of its limits. */
export const flowOptions = (config: CommonConfig): FlowOptions => {
  const given = runtimeOptions(config);
  const flow: FlowOptions = Object.fromEntries(
    FLOW_OPTIONS.flatMap((name) => (given[name] === undefined ? [] : [[name, numberOf(name, given[name])]])),
  );
  const { retryBackoffMs: first = 0, retryBackoffMaxMs: most = Number.POSITIVE_INFINITY } = flow;
  if (first > most)
    throw new PulsarIoError(
      'PIO_CONFIG_INVALID',
      `retryBackoffMs in customRuntimeOptions must not be above retryBackoffMaxMs, ${most}`,
    );
  return flow;
};

const numberOf = (name: keyof FlowOptions, text: string): number => {
  const [least, most] = LIMITS[name];
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new PulsarIoError(
    'PIO_CONFIG_INVALID',
    `${name} in customRuntimeOptions must be an integer from ${least} to ${most} as text, not ${JSON.stringify(text.slice(0, 50))}`,
  );
};
