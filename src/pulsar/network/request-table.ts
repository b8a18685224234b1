import { PulsarError } from '../errors.ts';
import { type Command, serverErrorName } from '../protocol/index.ts';

/** Limits of one request. */
export interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  readonly resolve: (answer: Command) => void;
  readonly reject: (error: PulsarError) => void;
  readonly release: () => void;
  readonly stopTimer: () => void;
}

/** The error that an aborted wait rejects with. */
export function abortedError(what: string, signal: AbortSignal): PulsarError {
  return new PulsarError('Aborted', `${what} was aborted`, { cause: signal.reason });
}

/** Requests of one connection that wait for their answer. An answer that comes after the timeout or the abort is ignored. */
export class RequestTable {
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  /** Makes an id, lets `send` write the request, and waits for `answer` with that id. */
  issue(what: string, options: RequestOptions, send: (requestId: number) => void): Promise<Command> {
    const { signal, timeoutMs } = options;
    if (signal?.aborted) return Promise.reject(abortedError(what, signal));
    const requestId = ++this.lastId;
    return new Promise((resolve, reject) => {
      const onAbort = () => this.settle(requestId)?.reject(abortedError(what, signal as AbortSignal));
      const onTimeout = () =>
        this.settle(requestId)?.reject(new PulsarError('TimeOut', `${what} got no answer within ${timeoutMs} ms`));
      const timer = setTimeout(onTimeout, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      const stopTimer = () => clearTimeout(timer);
      const release = () => {
        stopTimer();
        signal?.removeEventListener('abort', onAbort);
      };
      this.waiting.set(requestId, { resolve, reject, release, stopTimer });
      try {
        send(requestId);
      } catch (error) {
        this.settle(requestId)?.reject(error as PulsarError);
      }
    });
  }

  private settle(requestId: number): Waiting | undefined {
    const waiting = this.waiting.get(requestId);
    if (waiting === undefined) return undefined;
    this.waiting.delete(requestId);
    waiting.release();
    return waiting;
  }

  /** Gives a command to the request it answers; ERROR rejects it with the name of its `ServerError` as code. */
  answer(requestId: number, command: Command): void {
    if (command.type === 'PRODUCER_SUCCESS' && command.fields.producerReady === false) {
      this.waiting.get(requestId)?.stopTimer();
      return;
    }
    const waiting = this.settle(requestId);
    if (command.type !== 'ERROR') waiting?.resolve(command);
    else waiting?.reject(new PulsarError(serverErrorName(command.fields.error), command.fields.message));
  }

  /** Rejects every waiting request. */
  rejectAll(error: PulsarError): void {
    for (const requestId of [...this.waiting.keys()]) this.settle(requestId)?.reject(error);
  }
}
