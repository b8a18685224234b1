import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';

const MAX_BYTES = 32 * 1024 * 1024;

/** A log of bounded size, begun afresh when it is opened and when it is full. A disk that is full costs lines, nothing else. */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #stream: WriteStream;
  #bytes = 0;

  constructor(path: string, maxBytes = MAX_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#stream = this.#open();
  }

  /** Writes everything that `source` gives. */
  follow(source: Readable): void {
    source.on('data', (chunk: Buffer) => this.#write(chunk));
  }

  close(): void {
    this.#stream.end();
  }

  #open(): WriteStream {
    this.#bytes = 0;
    return createWriteStream(this.#path).on('error', () => {});
  }

  #write(chunk: Buffer): void {
    if (this.#bytes > this.#maxBytes) {
      this.#stream.end();
      this.#stream = this.#open();
    }
    this.#bytes += chunk.length;
    this.#stream.write(chunk);
  }
}
