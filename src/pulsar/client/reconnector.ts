import { setTimeout as sleep } from 'node:timers/promises';
import { PulsarError } from '../errors.ts';
import { Backoff } from '../network/backoff.ts';

/** Codes that end an attempt to create a producer or consumer at once; others are tried again until the operation timeout. */
const FATAL_AT_FIRST = new Set([
  'ConnectError',
  'TimeOut',
  'AuthenticationError',
  'AuthorizationError',
  'ErrorGettingAuthenticationData',
  'InvalidUrl',
  'InvalidConfiguration',
  'InvalidTopicName',
  'IncompatibleSchema',
  'TopicNotFound',
  'SubscriptionNotFound',
  'TopicTerminatedError',
  'NotAllowedError',
  'ConsumerAssignError',
  'ProducerBusy',
  'ConsumerBusy',
  'ProducerFenced',
  'LookupError',
  'TooManyRequests',
  'OperationNotSupported',
  'ProducerBlockedQuotaExceededError',
  'ProducerBlockedQuotaExceededException',
  'AlreadyClosed',
]);
/** Codes that end one that was connected before; it tries everything else for ever. */
const FATAL_LATER = new Set(['ProducerFenced', 'TopicTerminatedError', 'AlreadyClosed']);

/** How to attach, how long to try at first, and whom to tell when it is over. */
export interface ReconnectorOptions {
  /** Looks up and registers; rejects when that failed. */
  readonly attach: (signal: AbortSignal) => Promise<void>;
  /** Connecting anew was given up for good. */
  readonly onGivenUp: (error: PulsarError) => void;
  /** An attempt failed, and there will be another. */
  readonly onRetry?: (error: PulsarError) => void;
  /** Limit of the first attachment; later ones are tried for ever. */
  readonly operationTimeoutMs: number;
  /** For tests: waits, and numbers from 0 to 1. */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<unknown>;
  readonly random?: () => number;
}

/** Does `work`, again while what it fails with may pass by itself; rejects with TimeOut after the operation timeout. */
export async function untilDone<T>(operationTimeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  let result: T | undefined;
  const attach = async (signal: AbortSignal) => {
    result = await work(signal);
  };
  await new Reconnector({ attach, onGivenUp: () => undefined, operationTimeoutMs }).start();
  return result as T;
}

/** Keeps one producer or consumer attached to its broker. */
export class Reconnector {
  private readonly options: ReconnectorOptions;
  private readonly backoff: Backoff;
  private readonly wait: NonNullable<ReconnectorOptions['wait']>;
  private readonly stopping = new AbortController();
  private isRunning = false;
  private isLost = false;
  /** Why the newest attempt failed; undefined when it did not. */
  trouble: PulsarError | undefined;

  constructor(options: ReconnectorOptions) {
    this.options = options;
    this.backoff = new Backoff(undefined, undefined, options.random);
    this.wait = options.wait ?? ((delayMs, signal) => sleep(delayMs, undefined, { signal }));
  }

  /** First attachment; rejects at a fatal error or when the operation timeout has passed. */
  async start(): Promise<void> {
    const deadlineMs = performance.now() + this.options.operationTimeoutMs;
    await this.run(FATAL_AT_FIRST, deadlineMs);
  }

  /** The attachment was lost: attach again, at once or after a delay. */
  lost(isImmediate: boolean): void {
    this.isLost = true;
    if (this.isRunning || this.stopping.signal.aborted) return;
    this.run(FATAL_LATER, Number.POSITIVE_INFINITY, isImmediate ? 0 : this.backoff.next()).catch((error) => {
      if (!this.stopping.signal.aborted) this.options.onGivenUp(error);
    });
  }

  stop(): void {
    this.stopping.abort(new PulsarError('AlreadyClosed', 'closed while connecting'));
  }

  private async run(fatal: ReadonlySet<string>, deadlineMs: number, firstDelayMs = 0): Promise<void> {
    const { signal } = this.stopping;
    this.isRunning = true;
    try {
      for (let delayMs = firstDelayMs; ; delayMs = this.backoff.next()) {
        if (delayMs > 0) await this.wait(delayMs, signal);
        this.isLost = false;
        const error = await this.attempt();
        this.trouble = error;
        if (error === undefined && !this.isLost) break;
        if (error !== undefined && fatal.has(error.code)) throw error;
        if (error !== undefined && performance.now() + delayMs > deadlineMs) throw this.late(error);
        signal.throwIfAborted();
        if (error !== undefined) this.options.onRetry?.(error);
      }
      this.backoff.reset();
    } finally {
      this.isRunning = false;
    }
  }

  /** What npm `pulsar-client` calls it when something that may pass did not pass in time. */
  private late(cause: PulsarError): PulsarError {
    const message = `not within ${this.options.operationTimeoutMs} ms: ${cause.code}: ${cause.message}`;
    return new PulsarError('TimeOut', message, { cause });
  }

  private async attempt(): Promise<PulsarError | undefined> {
    try {
      await this.options.attach(this.stopping.signal);
      return undefined;
    } catch (error) {
      return error instanceof PulsarError ? error : new PulsarError('UnknownError', String(error), { cause: error });
    }
  }
}
