/**
 * Flow permits of one consumer: the broker may send as many messages as it holds permits for. Permits of messages that left
 * the queue are collected and given back once they are half of the queue. With `queueSize` 0 nothing is ever sent.
 */
export class Permits {
  private readonly queueSize: number;
  private readonly sendFlow: (permits: number) => void;
  private collected = 0;

  constructor(queueSize: number, sendFlow: (permits: number) => void) {
    this.queueSize = queueSize;
    this.sendFlow = sendFlow;
  }

  /** After each SUBSCRIBE: the broker starts from none. */
  start(): void {
    this.collected = 0;
    if (this.queueSize > 0) this.sendFlow(this.queueSize);
  }

  /** `count` messages left the queue or were never put in it. */
  release(count: number): void {
    this.collected += count;
    if (this.collected >= Math.max(1, this.queueSize / 2)) this.flush();
  }

  /** Gives back what was collected, however little. */
  flush(): void {
    const permits = this.collected;
    this.collected = 0;
    if (permits > 0 && this.queueSize > 0) this.sendFlow(permits);
  }
}
