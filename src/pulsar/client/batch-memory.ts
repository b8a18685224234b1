const LEAST_BYTES = 32 * 1024;
const MOST_FREE_BYTES = 8 * 1024 * 1024;

/**
 * Memory for the batches of a client's producers, used again once it is given back: what is let go instead stays until V8 collects it,
 * which at full speed is many batches later. Pieces are powers of two; small ones are not kept.
 */
export class BatchMemory {
  private readonly free = new Map<number, ArrayBufferLike[]>();
  private kept = 0;

  /** Bytes that wait to be used again, 8 MiB at most. */
  get freeBytes(): number {
    return this.kept;
  }

  /** Uninitialised memory. */
  take(bytes: number): Buffer {
    const size = 2 ** Math.ceil(Math.log2(bytes));
    if (size < LEAST_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const piece = this.free.get(size)?.pop();
    if (piece !== undefined) this.kept -= size;
    return Buffer.from(piece ?? Buffer.allocUnsafeSlow(size).buffer, 0, bytes);
  }

  /** Takes back what `take` gave, when nobody reads it any more. */
  giveBack({ buffer }: Uint8Array): void {
    const size = buffer.byteLength;
    if (size < LEAST_BYTES || this.kept + size > MOST_FREE_BYTES) return;
    const pieces = this.free.get(size);
    if (pieces === undefined) this.free.set(size, [buffer]);
    else pieces.push(buffer);
    this.kept += size;
  }
}
