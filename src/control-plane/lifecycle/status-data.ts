import type { DesiredState } from '../../core/connector.ts';
import { type InstancePhase, type InstanceStatus, NEW_STATUS } from '../../core/instance-status.ts';
import type { KindWords } from '../kind-words.ts';

/** What is known of an instance. */
export interface InstanceView {
  readonly desired: DesiredState;
  /** Of the connector now. */
  readonly generation: number;
  /** Undefined when no run was ever scheduled. */
  readonly stored: InstanceStatus | undefined;
  /** Run that holds the lease, if one does. */
  readonly runId?: string | undefined;
  /** Runs so far. */
  readonly runs?: number | undefined;
  /** When the lease of a run ended that neither renewed nor released it, in milliseconds since the epoch; undefined while none is missing. */
  readonly silentSinceMs?: number | undefined;
}

/** Phases that count as running: an instance that has nothing to do, or that tries again later, is on duty although nothing runs. */
const ON_DUTY: ReadonlySet<InstancePhase> = new Set(['starting', 'running', 'idle', 'backoff']);

/** Phases that an update ends: the next generation starts afresh. */
const ENDS_WITH_GENERATION: ReadonlySet<InstancePhase> = new Set(['backoff', 'failed', 'finished']);

/**
 * Instance data of Pulsar's `SourceStatus` and `SinkStatus` (PULSAR-ADMIN-CONTRACT 3.1, 3.2): stopped and never scheduled instances are all
 * zeros and without exception lists. A failure of an older generation is past: the next run starts afresh.
 */
export const statusData = (words: KindWords, workerId: string, view: InstanceView) => {
  const { stored } = view;
  if (view.desired === 'STOPPED')
    return { ...counters(words, NEW_STATUS, false), details: whenStopped(view), workerId };
  if (!stored) return { ...counters(words, NEW_STATUS, false), error: `${words.title} has not been scheduled` };
  const isPast = stored.generation < view.generation && ENDS_WITH_GENERATION.has(stored.phase);
  const running = isPast || ON_DUTY.has(stored.phase);
  const shown = isPast ? { ...stored, error: '' } : stored;
  const data = { ...counters(words, shown, running, listsOf(words, shown), view), workerId };
  return view.silentSinceMs === undefined ? data : { ...data, running: false, error: silence(view.silentSinceMs) };
};

/** How far it got, and whether a run is still ending. */
const whenStopped = (view: InstanceView) => {
  const { topics, partitions } = view.stored ?? NEW_STATUS;
  const phase = view.runId === undefined ? 'stopped' : 'stopping';
  return { ...detailsOf({ ...NEW_STATUS, topics, ...(partitions && { partitions }) }, view), phase };
};

const silence = (sinceMs: number): string =>
  `The run has not reported since ${new Date(sinceMs).toISOString()}: it was killed or cannot reach the store; the dispatcher starts another within a minute`;

interface Lists {
  readonly system: object;
  readonly connector: object;
}

const NO_LISTS: Lists = { system: {}, connector: {} };

const listsOf = (words: KindWords, { latestSystemExceptions, latestConnectorExceptions }: InstanceStatus): Lists => ({
  system: { latestSystemExceptions },
  connector: { [`latest${words.title}Exceptions`]: latestConnectorExceptions },
});

/** In Pulsar's order of fields. */
const counters = (
  words: KindWords,
  status: InstanceStatus,
  running: boolean,
  lists: Lists = NO_LISTS,
  view?: InstanceView,
) => ({
  running,
  error: status.error,
  numRestarts: status.numRestarts,
  [words.kind === 'source' ? 'numReceivedFromSource' : 'numReadFromPulsar']: status.numReceived,
  numSystemExceptions: status.numSystemExceptions,
  ...lists.system,
  [`num${words.title}Exceptions`]: status.numConnectorExceptions,
  ...lists.connector,
  [words.kind === 'source' ? 'numWritten' : 'numWrittenToSink']: status.numWritten,
  lastReceivedTime: status.lastReceivedTimeMs,
  details: detailsOf(status, view),
});

/** What Pulsar's status has no field for; its tools ignore it. */
const detailsOf = (status: InstanceStatus, view?: InstanceView) => ({
  phase: status.phase,
  ...(view?.runId !== undefined && { runId: view.runId }),
  runs: view?.runs ?? 0,
  numDeadLettered: status.numDeadLettered,
  numRedriven: status.numRedriven,
  numDropped: status.numDropped,
  failuresInRow: status.failuresInRow,
  ...(status.nextRunAtMs !== undefined && { nextRunTime: status.nextRunAtMs }),
  retrying: status.failing ?? [],
  ...(status.lastFailure && { lastFailure: status.lastFailure }),
  topics: status.topics ?? {},
  partitions: status.partitions ?? {},
  warnings: status.warnings ?? [],
});
