import type { FailingRecord } from './failing-records.ts';
import type { LastFailure } from './last-failure.ts';
import type { Position } from './position.ts';

/** Pulsar's `ExceptionInformation`. */
export interface ExceptionInformation {
  readonly exceptionString: string;
  readonly timestampMs: number;
}

/** How many exceptions each list keeps: the last ten, oldest first, as Pulsar does. */
export const KEPT_EXCEPTIONS = 10;

/**
 * State machine of an instance: `starting → running → idle → …`; `backoff` after a failure until `nextRunAtMs`; `failed` only for `fatal`.
 * `idle` means there is nothing to move. Whether it should run at all is the registry's `instanceStates`.
 */
export type InstancePhase = 'starting' | 'running' | 'idle' | 'backoff' | 'failed' | 'finished';

/** How far a sink has got with one topic-partition. */
export interface TopicStatus {
  /** Up to here, `ledger:entry`, everything is settled. */
  readonly position: string;
  /** When that record was published, epoch milliseconds. */
  readonly publishTimeMs: number;
  /** How long it had waited when it was settled, in milliseconds. */
  readonly lagMs?: number;
  /** Keys whose records wait in the dead-letter topic. */
  readonly parkedKeys?: number;
  /** A position that the broker was told of so long ago that it cannot have forgotten it. */
  readonly acknowledged?: string;
}

/** How far a log source has got with one of its partitions. */
export interface PartitionStatus {
  /** Behind the last record that is settled. */
  readonly position: Position | null;
  readonly sequence: number;
  /** When that was committed, epoch milliseconds. */
  readonly timestampMs: number;
}

/** What is known of an instance: written by its lease holder with each heartbeat, read by `status`. Counters grow over all runs since the last (re)start. */
export interface InstanceStatus {
  readonly phase: InstancePhase;
  /** Last failure, "" when none. */
  readonly error: string;
  /** Attempts after a failure, and runs after one that was killed. */
  readonly numRestarts: number;
  readonly numReceived: number;
  readonly numWritten: number;
  readonly numDeadLettered: number;
  /** Dead letters that were sent back and written; counted as written, too. */
  readonly numRedriven: number;
  /** Number of the last redrive that this instance carried out. */
  readonly redriven: number;
  /** Records that ATMOST_ONCE gave up. */
  readonly numDropped: number;
  readonly numSystemExceptions: number;
  readonly latestSystemExceptions: readonly ExceptionInformation[];
  readonly numConnectorExceptions: number;
  readonly latestConnectorExceptions: readonly ExceptionInformation[];
  readonly lastReceivedTimeMs: number;
  /** Input topic-partitions of a sink, by name; the first hundred. */
  readonly topics: Readonly<Record<string, TopicStatus>>;
  /** Partitions of a log source, by name; the first hundred. */
  readonly partitions?: Readonly<Record<string, PartitionStatus>>;
  /** The last failure that was counted, also when all is well again. */
  readonly lastFailure?: LastFailure;
  /** What an operator should know although nothing failed; the last ten. */
  readonly warnings: readonly ExceptionInformation[];
  /** Records that are tried again, the first hundred. */
  readonly failing: readonly FailingRecord[];
  /** When the dispatcher should start the next run; undefined: as soon as there is work. */
  readonly nextRunAtMs?: number;
  /** Failures in a row: the exponent of the back-off. */
  readonly failuresInRow: number;
  /** Restart number of the instance that these counts belong to: a run that finds another starts afresh. */
  readonly restarts: number;
  /** Generation the failure or the end belongs to: a newer generation starts afresh. */
  readonly generation: number;
}

/** Status of an instance that never ran. */
export const NEW_STATUS: InstanceStatus = {
  phase: 'starting',
  error: '',
  numRestarts: 0,
  numReceived: 0,
  numWritten: 0,
  numDeadLettered: 0,
  numRedriven: 0,
  redriven: 0,
  numDropped: 0,
  numSystemExceptions: 0,
  latestSystemExceptions: [],
  numConnectorExceptions: 0,
  latestConnectorExceptions: [],
  lastReceivedTimeMs: 0,
  topics: {},
  warnings: [],
  failing: [],
  failuresInRow: 0,
  restarts: 0,
  generation: 0,
};
