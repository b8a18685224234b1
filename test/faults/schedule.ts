import type { Guarantee } from '../../src/core/guarantee.ts';
import type { Fault } from './simulation/fault.ts';
import type { TargetModel } from './simulation/target-system.ts';

/** What a delivery goes through: a log source, a queue that runs poll or that Lambda brings events of, a webhook, or tasks that are discovered (only of connectors by the door for authors) into a topic; or a topic into a target of some model. */
export type Route = SourceRoute | TargetModel;

const SOURCE_ROUTES = ['log', 'queue', 'event', 'webhook', 'batch'] as const;

/** A source's. */
export type SourceRoute = (typeof SOURCE_ROUTES)[number];

/** True for routes into a topic. */
export const isSourceRoute = (route: Route): route is SourceRoute =>
  (SOURCE_ROUTES as readonly Route[]).includes(route);

/** Something an operator does while records flow. */
export interface Change {
  readonly atMs: number;
  /** `update` changes the configuration, `add-partition` the topic, `redrive` sends dead letters back, `positions` sets where to go on, the others change its running. */
  readonly action: 'update' | 'stop' | 'start' | 'restart' | 'add-partition' | 'redrive' | 'positions';
  readonly guarantee?: Guarantee;
  readonly parallelism?: number;
  /** Of an update of a source: it publishes to another topic from then on. */
  readonly otherTopic?: boolean | undefined;
  /** Of a redrive: how many letters at most. */
  readonly max?: number | undefined;
  /** Of positions: so many records of a source, or entries of a sink's topic, beyond where the operator sees it stand; below 0: back. */
  readonly shift?: number;
}

/** Everything that a simulation depends on besides the code: the same schedule gives the same trace. It is plain data, so that it can be shrunk and replayed. */
export interface Schedule {
  readonly route: Route;
  readonly guarantee: Guarantee;
  /** Of latencies and of everything else that is left to chance; 0: always the middle. */
  readonly seed: number;
  readonly records: number;
  /** Of the topic; 0: it is not partitioned. */
  readonly partitions: number;
  /** Topics beside the output topic that records of a log source name; 0: none names any. */
  readonly destinations: number;
  /** Of the source. */
  readonly sourcePartitions: number;
  readonly parallelism: number;
  /** Number of different keys, 0: records have none. */
  readonly keys: number;
  /** Order that an ATLEAST_ONCE sink is asked to keep; a queue keeps that of keys unless it is `none`. */
  readonly order: 'none' | 'key' | 'topic';
  /** Every so many records one is refused at first, the next is poison, and the one behind it is rejected once; 0: none. Needs dead letters. */
  readonly poisonEvery: number;
  /** What becomes of the records behind a dead letter of their key, where both is possible; `default`: as the order says. */
  readonly deadLetterKeys: 'default' | 'park' | 'pass';
  readonly lambdaTimeoutMs: number;
  readonly dispatchers: number;
  readonly faults: readonly Fault[];
  readonly changes: readonly Change[];
}

/** What came of a schedule, counted by readers that have nothing to do with the delivery. */
export interface Outcome {
  readonly records: number;
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly reordered: readonly string[];
  readonly repeatedLetters: readonly string[];
  /** Why it never came to an end, if it did not. */
  readonly stuck: string | undefined;
  /** Invocations that failed by a defect. */
  readonly failures: readonly string[];
  /** Processes that died. */
  readonly kills: number;
  readonly runs: number;
  /** `port kind` of what struck. */
  readonly struck: readonly string[];
  /** Hash of everything that happened, in order: equal for equal schedules. */
  readonly trace: string;
  readonly virtualMs: number;
  readonly storeWrites: number;
}
