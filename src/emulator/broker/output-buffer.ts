import type { Socket } from 'node:net';

/** Bytes waiting for the socket above which nobody should dispatch to it. */
export const WRITABLE_BYTES = 1024 * 1024;
/** Bytes above which the broker stops to read from a client that does not read its answers. */
const OVERFULL_BYTES = 8 * 1024 * 1024;
/** Buffers up to this size are joined with their neighbours. */
const SMALL_BYTES = 4 * 1024;
const JOINED_BYTES = 64 * 1024;

/** Collects what is written in one turn of the event loop and gives it to the socket in few, larger pieces. */
export class OutputBuffer {
  readonly #socket: Socket;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  /** `drained` is called when a full socket has become writable again. */
  constructor(socket: Socket, drained: () => void) {
    this.#socket = socket;
    socket.on('drain', drained);
  }

  /** False from the moment that the socket is full until it has drained. */
  get isWritable(): boolean {
    return this.#waitingBytes < WRITABLE_BYTES && !this.#socket.writableNeedDrain && !this.#socket.destroyed;
  }

  get isOverfull(): boolean {
    return this.#waitingBytes + this.#socket.writableLength > OVERFULL_BYTES;
  }

  write(bytes: Uint8Array): void {
    if (this.#waiting.push(bytes) === 1) process.nextTick(() => this.#flush());
    this.#waitingBytes += bytes.length;
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    for (const piece of joined(waiting)) this.#socket.write(piece);
    this.#socket.uncork();
  }
}

/** Joins runs of small buffers; large ones stay as they are, uncopied. */
function* joined(buffers: readonly Uint8Array[]): Generator<Uint8Array> {
  let run: Uint8Array[] = [];
  let runBytes = 0;
  for (const buffer of buffers) {
    const isLarge = buffer.length > SMALL_BYTES;
    if (run.length > 0 && (isLarge || runBytes + buffer.length > JOINED_BYTES)) {
      yield run.length === 1 ? (run[0] as Uint8Array) : Buffer.concat(run, runBytes);
      run = [];
      runBytes = 0;
    }
    if (isLarge) yield buffer;
    else {
      run.push(buffer);
      runBytes += buffer.length;
    }
  }
  if (run.length > 0) yield Buffer.concat(run, runBytes);
}
