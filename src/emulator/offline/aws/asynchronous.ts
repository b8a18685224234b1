import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What `serverless.yml` says of a function's asynchronous invocations. */
export interface AsynchronousSettings {
  readonly name: string;
  /** `maximumRetryAttempts`. */
  readonly maxRetries: number;
  /** `maximumEventAge`, in milliseconds. */
  readonly maxAgeMs: number;
  /** Whether failures have a destination. */
  readonly keepsFailures: boolean;
}

/** What Lambda tells the destination of failures (Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"). */
export interface FailedInvocation {
  readonly version: '1.0';
  readonly timestamp: string;
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: 'RetriesExhausted' | 'EventAgeExceeded';
    readonly approximateInvokeCount: number;
  };
  readonly requestPayload: unknown;
  readonly responseContext: {
    readonly statusCode: 200;
    readonly executedVersion: '$LATEST';
    readonly functionError: 'Unhandled';
  };
  readonly responsePayload: { readonly errorType: string; readonly errorMessage: string };
}

/** Surroundings of the queue. */
export interface AsynchronousOptions {
  readonly keep: (failure: FailedInvocation) => void;
  readonly nowMs?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Lambda waits a minute before the second attempt, two before the third ("How Lambda handles errors and retries with asynchronous invocation"). */
const RETRY_MS = 60_000;
/** Most events that wait for another attempt, 1 MB each at most; more fail at once. */
const MAX_WAITING = 200;

/** Lambda's queue of asynchronous invocations; it ends with the process. */
export class AsynchronousInvocations {
  readonly #keep: (failure: FailedInvocation) => void;
  readonly #nowMs: () => number;
  readonly #wait: (ms: number) => Promise<unknown>;
  #waiting = 0;

  constructor({ keep, nowMs = Date.now, wait = (ms) => sleep(ms, undefined, { ref: false }) }: AsynchronousOptions) {
    this.#keep = keep;
    this.#nowMs = nowMs;
    this.#wait = wait;
  }

  /** Calls `run` until it does not reject, as often as the function's settings allow. Never rejects; resolves when the event is done or given up. */
  async invoke(settings: AsynchronousSettings, event: unknown, run: () => Promise<unknown>): Promise<void> {
    const acceptedAtMs = this.#nowMs();
    for (let attempt = 1; ; attempt++) {
      const failure = await run().then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (!failure) return;
      const pauseMs = attempt * RETRY_MS;
      const isTooOld = this.#nowMs() + pauseMs - acceptedAtMs > settings.maxAgeMs;
      const isLast = attempt > settings.maxRetries || this.#waiting >= MAX_WAITING;
      if (isLast || isTooOld) {
        const condition = isLast ? 'RetriesExhausted' : 'EventAgeExceeded';
        if (settings.keepsFailures) this.#keep(this.#recordOf(settings, event, failure.error, condition, attempt));
        return;
      }
      this.#waiting += 1;
      await this.#wait(pauseMs);
      this.#waiting -= 1;
    }
  }

  #recordOf(
    { name }: AsynchronousSettings,
    event: unknown,
    error: unknown,
    condition: FailedInvocation['requestContext']['condition'],
    attempts: number,
  ): FailedInvocation {
    const { name: errorType = 'Error', message: errorMessage = String(error) } = (error ?? {}) as Partial<Error>;
    return {
      version: '1.0',
      timestamp: new Date(this.#nowMs()).toISOString(),
      requestContext: {
        requestId: randomUUID(),
        functionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}:$LATEST`,
        condition,
        approximateInvokeCount: attempts,
      },
      requestPayload: event,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType, errorMessage },
    };
  }
}
