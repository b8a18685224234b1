/**
 * Flow permits of one consumer: the broker may send as many messages as it holds permits for. Permits of messages that left
 * the queue are collected and given back once they are half of the queue. With `queueSize` 0 nothing is sent but what is asked for.
 */
export class Permits {
  private readonly queueSize: number;
  private readonly sendFlow: (permits: number) => void;
  private collected = 0;
  /** With a queue of 0: messages that the broker may still send; below 0 after a batch, which always comes whole. */
  private outstanding = 0;

  constructor(queueSize: number, sendFlow: (permits: number) => void) {
    this.queueSize = queueSize;
    this.sendFlow = sendFlow;
  }

  /** After each SUBSCRIBE: the broker starts from none. */
  start(): void {
    this.collected = this.outstanding = 0;
    if (this.queueSize > 0) this.sendFlow(this.queueSize);
  }

  /** With a queue of 0: lets the broker send `wanted` messages, together with those that it may send already. */
  ask(wanted: number): void {
    const missing = wanted - this.outstanding;
    if (this.queueSize > 0 || missing <= 0) return;
    this.outstanding = wanted;
    this.sendFlow(missing);
  }

  /** `count` messages came, or were charged for without coming. */
  spend(count: number): void {
    this.outstanding -= count;
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
