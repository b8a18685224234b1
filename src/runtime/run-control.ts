/** Why a run ends before its work does. */
export type StopReason = 'deadline' | 'handed-over' | 'stopped' | 'superseded';

/**
 * Two ways to end a run. `stop` is kind: no new batch is begun, what is in flight is settled and committed.
 * `abort` is hard: sockets are destroyed and nothing more is written; it is for a lost lease and the last moment before the deadline.
 */
export class RunControl {
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();

  /** Aborted by `abort` only: for everything in flight. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Aborted by `stop` and `abort`: for waits between batches. */
  get stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  get isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /** The first reason given. */
  get stopReason(): StopReason | undefined {
    return this.isStopping ? (this.#stop.signal.reason as StopReason) : undefined;
  }

  /** Asks for an end at the next batch boundary. */
  stop(reason: StopReason): void {
    if (!this.isStopping) this.#stop.abort(reason);
  }

  /** Ends everything now. */
  abort(reason: StopReason, error: Error): void {
    this.stop(reason);
    this.#abort.abort(error);
  }
}
