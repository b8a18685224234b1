import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Writes what one turn of the event loop gives as one piece. */
export class CorkedSocket {
  private readonly socket: Socket;
  private isCorked = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  write(bytes: Uint8Array): void {
    if (!this.isCorked) {
      this.isCorked = true;
      this.socket.cork();
      process.nextTick(() => {
        this.isCorked = false;
        this.socket.uncork();
      });
    }
    this.socket.write(bytes);
  }

  /** Sends what is buffered, then closes; resolves when that is done. */
  end(): Promise<void> {
    return new Promise((resolve) => this.socket.end(() => resolve()));
  }

  /** Plain TCP is reset, so that not even what the kernel holds is sent; TLS sockets can only be closed. */
  discard(): void {
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }
}
