import { after } from '../core/clock.ts';
import type { SourceConnector } from '../core/connector.ts';
import type { EventSourceType, HttpEvent } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import { NEW_STATUS } from '../core/instance-status.ts';
import type { MessagingSession } from '../core/messaging.ts';
import { SOURCE_START, type SourceProgress } from '../core/progress.ts';
import { RunCounters } from '../core/run-counters.ts';
import { SecretValues } from '../core/secret-values.ts';
import { openOutputs } from '../delivery/open-outputs.ts';
import type { OutputTopics } from '../delivery/output-topic.ts';
import { type SourceGuarantee, sourcePipeline } from '../delivery/pipeline.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import { eventItems, type SourceBatch } from '../delivery/source-batch.ts';
import type { ProgressPort } from '../delivery/source-checkpoint.ts';
import { addToStatus } from './event-status.ts';
import { requireTopic } from './require-topic.ts';
import { resolveTypeConfig } from './resolve-type-config.ts';
import type { RunDeps } from './run-deps.ts';
import { shapeOf } from './shape-of.ts';

/** What becomes of a pushed event: the sender may forget it (`accepted`) or must send it again. */
export interface EventOutcome {
  readonly accepted: boolean;
  readonly records: number;
}

/** Open producers of one connector, kept warm between events; rebuilt when their session ends. */
export interface EventOutput {
  readonly session: MessagingSession;
  readonly output: OutputTopics;
  readonly generation: number;
  /** Sequence of the next record: only the order of one producer's sends, not an identity. */
  nextSequence: number;
  isOver: boolean;
}

/** A connection that froze with its sandbox may be dead without knowing: the sender is told to send again before its own patience ends. */
const PUBLISH_LIMIT_MS = 10_000;

/** Opens the producers that events of a connector are published through. */
export const openEventOutput = async (
  connector: SourceConnector,
  deps: RunDeps,
  signal: AbortSignal,
): Promise<EventOutput> => {
  requireTopic(connector);
  const session = await deps.openSession().catch((cause: unknown) => {
    throw routeFailure(cause, 'connecting to Pulsar');
  });
  try {
    const output = await openOutputs(session, connector.config, signal, await shapeOf(connector, deps));
    const opened: EventOutput = { session, output, generation: connector.generation, nextSequence: 0, isOver: false };
    void session.closed.then(() => {
      opened.isOver = true;
    });
    return opened;
  } catch (cause) {
    session.destroy();
    throw routeFailure(cause, `opening ${connector.config.topicName}`);
  }
};

/** Until it is disposed of: destroys the session when the invocation ends, or when publishing takes too long. */
export const limitPublishing = ({ session }: EventOutput, { clock }: RunDeps, signal: AbortSignal): Disposable => {
  const destroy = () => session.destroy();
  signal.addEventListener('abort', destroy, { once: true });
  const limit = after(clock, PUBLISH_LIMIT_MS, destroy);
  return {
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', destroy);
      limit[Symbol.dispose]();
    },
  };
};

/**
 * Publishes the records of one pushed event through the source pipeline. The answer to the sender is the checkpoint: ATLEAST_ONCE commits it after the broker's
 * receipts, ATMOST_ONCE before the one attempt, so that the sender never repeats what may have been published.
 * Throws what the type's `map` throws for a bad event, and what publishing throws; then `accepted` was not promised unless it was committed before.
 */
export const publishEvent = async (
  connector: SourceConnector,
  type: EventSourceType,
  event: HttpEvent,
  opened: EventOutput,
  deps: RunDeps,
  signal: AbortSignal,
): Promise<EventOutcome> => {
  const records = type.map(event, await resolveTypeConfig(type, connector, deps, new SecretValues(), signal));
  if (records.length === 0) return { accepted: true, records: 0 };
  const counters = new RunCounters(NEW_STATUS, deps.clock);
  const items = eventItems(records, opened.nextSequence);
  opened.nextSequence += items.length;
  const answer = new Answer(opened.nextSequence - 1);
  counters.received(items.length);
  const batch: SourceBatch = {
    sourcePartition: 'http',
    items,
    output: opened.output,
    checkpoint: answer,
    deadLetters: undefined,
    counters,
    signal,
  };
  using _limit = limitPublishing(opened, deps, signal);
  try {
    await sourcePipeline(keeperOf(connector, deps).middleware(undefined))(batch);
  } catch (cause) {
    opened.isOver = true;
    opened.session.destroy();
    counters.systemException(cause as Error);
    if (!answer.isCommitted) throw routeFailure(cause, `publishing to ${connector.config.topicName}`);
  } finally {
    await addToStatus(connector, 0, counters, deps);
  }
  return { accepted: answer.isCommitted, records: items.length };
};

/** The sender's answer as the place where progress is committed: it speaks for all records of the event or for none. */
class Answer implements ProgressPort {
  progress: SourceProgress = SOURCE_START;
  readonly #lastSequence: number;

  constructor(lastSequence: number) {
    this.#lastSequence = lastSequence;
  }

  get isCommitted(): boolean {
    return this.progress.sequence >= this.#lastSequence;
  }

  async commit(change: Partial<SourceProgress>): Promise<void> {
    this.progress = { ...this.progress, ...change };
  }
}

const keeperOf = ({ config, type }: SourceConnector, { guarantees }: RunDeps): SourceGuarantee => {
  const keeper = guarantees.source[config.processingGuarantees];
  if (!keeper.resumes) return keeper;
  throw new PulsarIoError(
    'PIO_GUARANTEE_REFUSED',
    `source type ${type} cannot hold ${config.processingGuarantees}: its events have no position`,
  );
};
