import { appendFileSync, statSync, truncateSync } from 'node:fs';

const MAX_BYTES = 32 * 1024 * 1024;

/** The queue of failed invocations as a file, one JSON object a line; begun afresh when it is full. A disk that is full costs lines, nothing else. */
export class FailedInvokes {
  readonly #file: string;

  /** `file`: empty to keep nothing. */
  constructor(file: string) {
    this.#file = file;
  }

  add(failure: object): void {
    if (this.#file === '') return;
    try {
      if ((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) truncateSync(this.#file);
      appendFileSync(this.#file, `${JSON.stringify(failure)}\n`);
    } catch (error) {
      console.error('A failed invocation could not be kept:', error);
    }
  }
}
