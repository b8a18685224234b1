import { type Head, TAIL_BYTES } from './position.ts';
import type { Stretch } from './records.ts';

/** Bytes that can be read from any offset: a file, an object. */
export interface Bytes {
  /** Reads at most `length` bytes at `position` into `buffer` from `offset`; 0 only at the end. */
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** The part of a file that is in memory: what was not consumed yet, some bytes before it for the checksum of a position, and a chunk that is read meanwhile. */
export class Window implements Stretch {
  buffer: Buffer = Buffer.alloc(0);
  base: number;
  /** Index in `buffer` of the first byte that was not consumed. */
  from: number;
  /** Index after the last byte that was read. */
  to = 0;
  readonly #handle: Bytes;
  readonly #head: Head;
  readonly #chunkBytes: number;
  #ahead: Promise<Buffer> | undefined;

  /** Begins at `offset` of the file; reads at least `chunkBytes` at once. */
  constructor(handle: Bytes, offset: number, head: Head, chunkBytes: number) {
    this.#handle = handle;
    this.#head = head;
    this.#chunkBytes = chunkBytes;
    this.base = Math.max(0, offset - TAIL_BYTES);
    this.from = offset - this.base;
  }

  /** Reads what follows; returns the number of new bytes, 0 at the end of the file. Records of the former buffer stay valid: it is never written again. */
  async fill(): Promise<number> {
    this.#makeRoom();
    const before = this.to;
    let isEnd = false;
    while (this.to < this.buffer.length && !isEnd) {
      const bytesRead = await this.#read();
      this.to += bytesRead;
      isEnd = bytesRead === 0;
    }
    if (!isEnd) this.#readAhead();
    this.#head.extend(this.base, this.buffer, this.to);
    return Math.max(0, this.to - Math.max(before, this.from));
  }

  /** Marks everything before index `to` as consumed. */
  consume(to: number): void {
    this.from = to;
  }

  async #read(): Promise<number> {
    const room = this.buffer.length - this.to;
    if (this.#ahead === undefined)
      return (await this.#handle.read(this.buffer, this.to, room, this.base + this.to)).bytesRead;
    const ahead = await this.#ahead;
    this.#ahead = undefined;
    return ahead.copy(this.buffer, this.to);
  }

  /** Begins to read the next chunk, so that its time passes beside what is done with this one. */
  #readAhead(): void {
    const buffer = Buffer.allocUnsafeSlow(this.#chunkBytes);
    const reading = this.#handle.read(buffer, 0, buffer.length, this.base + this.to);
    this.#ahead = reading.then(({ bytesRead }) => buffer.subarray(0, bytesRead));
    this.#ahead.catch(() => undefined);
  }

  #makeRoom(): void {
    const cut = Math.max(0, this.from - TAIL_BYTES);
    const kept = Math.max(0, this.to - cut);
    const room = Math.max(this.#chunkBytes, kept) + (kept === 0 ? this.from - cut : 0);
    const buffer = Buffer.allocUnsafeSlow(kept + room);
    this.buffer.copy(buffer, 0, cut, this.to);
    this.buffer = buffer;
    this.base += cut;
    this.from -= cut;
    this.to = kept;
  }
}
