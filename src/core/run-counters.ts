import type { Clock } from './clock.ts';
import { FailingRecords } from './failing-records.ts';
import { type ExceptionInformation, type InstanceStatus, KEPT_EXCEPTIONS } from './instance-status.ts';
import { type LastFailure, lastFailureOf } from './last-failure.ts';
import { PartitionProgress } from './partition-progress.ts';
import { TopicProgress } from './topic-progress.ts';

/** Counts what a run does on top of what the instance's earlier runs did; a snapshot of it goes into every heartbeat. */
export class RunCounters {
  /** Records that are tried again. */
  readonly failing: FailingRecords;
  /** How far the topics of a sink are. */
  readonly topics: TopicProgress;
  /** How far the partitions of a log source are. */
  readonly partitions: PartitionProgress;
  readonly #clock: Clock;
  readonly #base: Omit<InstanceStatus, 'nextRunAtMs'>;
  #received = 0;
  #written = 0;
  #deadLettered = 0;
  #redriven = 0;
  /** Number of the last redrive that was carried out. */
  redriven: number;
  #dropped = 0;
  #restarts = 0;
  #systemExceptions = 0;
  #connectorExceptions = 0;
  #latestSystem: readonly ExceptionInformation[];
  #latestConnector: readonly ExceptionInformation[];
  #lastReceivedTimeMs: number;
  #lastFailure: LastFailure | undefined;
  #warnings: readonly ExceptionInformation[];

  constructor(base: InstanceStatus, clock: Clock) {
    const { nextRunAtMs: _, ...counted } = base;
    this.#base = counted;
    this.#clock = clock;
    this.failing = new FailingRecords(base.failing, clock.nowMs());
    this.redriven = base.redriven;
    this.topics = new TopicProgress(base.topics);
    this.partitions = new PartitionProgress(base.partitions);
    this.#lastFailure = base.lastFailure;
    this.#warnings = base.warnings;
    this.#latestSystem = base.latestSystemExceptions;
    this.#latestConnector = base.latestConnectorExceptions;
    this.#lastReceivedTimeMs = base.lastReceivedTimeMs;
  }

  /** Records taken from the input side. */
  received(records: number): void {
    if (records === 0) return;
    this.#received += records;
    this.#lastReceivedTimeMs = this.#clock.nowMs();
  }

  /** Records whose effect is durable. */
  written(records: number): void {
    this.#written += records;
  }

  /** Records that went to the dead-letter topic. */
  deadLettered(records: number): void {
    this.#deadLettered += records;
  }

  /** Dead letters that were sent back and written. */
  sentBack(records: number): void {
    this.#redriven += records;
  }

  /** Records that ATMOST_ONCE gave up. */
  dropped(records: number): void {
    this.#dropped += records;
  }

  /** Another attempt after a failure. */
  restarted(): void {
    this.#restarts += 1;
  }

  /** An error of the connected system. */
  connectorException(error: Error): void {
    this.#connectorExceptions += 1;
    this.#latestConnector = this.#keep(this.#latestConnector, error);
  }

  /** Something that an operator should know, although nothing failed. */
  warn(text: string): void {
    this.#warnings = [...this.#warnings, { exceptionString: text, timestampMs: this.nowMs }].slice(-KEPT_EXCEPTIONS);
  }

  /** Any other error: Pulsar's side, the store, ourselves. */
  systemException(error: Error): void {
    this.#systemExceptions += 1;
    this.#latestSystem = this.#keep(this.#latestSystem, error);
  }

  #keep(kept: readonly ExceptionInformation[], error: Error): readonly ExceptionInformation[] {
    this.#lastFailure = lastFailureOf(error, this.nowMs);
    const { code, timestampMs } = this.#lastFailure;
    return [...kept, { exceptionString: `[${code}]: ${error.message}`, timestampMs }].slice(-KEPT_EXCEPTIONS);
  }

  /** Wall-clock milliseconds, as the counts are stamped with. */
  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Records settled by this run so far: its measure of progress. */
  get settled(): number {
    return this.#written + this.#deadLettered + this.#dropped;
  }

  /** The instance's status with this run's counts added and `rest` replaced; a record that is tried again is an error, too. */
  status(rest: Partial<InstanceStatus>): InstanceStatus {
    return {
      ...this.#base,
      numRestarts: this.#base.numRestarts + this.#restarts,
      numReceived: this.#base.numReceived + this.#received,
      numWritten: this.#base.numWritten + this.#written,
      numDeadLettered: this.#base.numDeadLettered + this.#deadLettered,
      numRedriven: this.#base.numRedriven + this.#redriven,
      redriven: this.redriven,
      numDropped: this.#base.numDropped + this.#dropped,
      numSystemExceptions: this.#base.numSystemExceptions + this.#systemExceptions,
      latestSystemExceptions: this.#latestSystem,
      numConnectorExceptions: this.#base.numConnectorExceptions + this.#connectorExceptions,
      latestConnectorExceptions: this.#latestConnector,
      lastReceivedTimeMs: this.#lastReceivedTimeMs,
      ...rest,
      error: rest.error || this.failing.problem,
      failing: this.failing.all,
      topics: this.topics.snapshot(this.nowMs),
      partitions: this.partitions.all,
      warnings: this.#warnings,
      ...(this.#lastFailure && { lastFailure: this.#lastFailure }),
    };
  }
}
