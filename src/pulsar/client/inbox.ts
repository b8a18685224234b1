import { PulsarError } from '../errors.ts';
import { abortedError } from '../network/request-table.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { TopicConsumer, TopicConsumerEvents } from './topic-consumer.ts';

interface Waiter {
  readonly resolve: (message: IncomingMessage) => void;
  readonly reject: (error: PulsarError) => void;
}

/** Brings the queues of several topics together: each topic's messages in their order, the topics in turn. */
export class Inbox implements TopicConsumerEvents {
  private readonly filled = new Set<TopicConsumer>();
  private readonly waiters: Waiter[] = [];
  private readonly arrivalListeners = new Set<() => void>();
  private readonly onWaiting: () => void;
  private endReason: PulsarError | undefined;

  /** `onWaiting` is called when someone begins to wait. */
  constructor(onWaiting: () => void) {
    this.onWaiting = onWaiting;
  }

  onArrival(consumer: TopicConsumer): void {
    this.filled.add(consumer);
    this.serve();
    for (const listener of this.arrivalListeners) listener();
  }

  onStarving(consumer: TopicConsumer): void {
    consumer.ask(this.waiting);
  }

  /** How many messages are waited for. */
  get waiting(): number {
    return this.waiters.length + this.arrivalListeners.size;
  }

  onEnded(reason: PulsarError): void {
    this.endReason ??= reason;
    for (const waiter of this.waiters.splice(0)) waiter.reject(reason);
    for (const listener of this.arrivalListeners) listener();
  }

  private serve(): void {
    while (this.waiters.length > 0) {
      const message = this.take();
      if (message === undefined) return;
      this.waiters.shift()?.resolve(message);
    }
  }

  /** What {@link take} gives next. */
  get next(): IncomingMessage | undefined {
    for (const { queue } of this.filled) if (queue.length > 0) return queue.peek();
    return undefined;
  }

  /** The next message, if one is there. */
  take(): IncomingMessage | undefined {
    for (const consumer of this.filled) {
      const message = consumer.take();
      if (message === undefined || consumer.queue.length === 0) this.filled.delete(consumer);
      else if (this.filled.size > 1) {
        this.filled.delete(consumer);
        this.filled.add(consumer);
      }
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /** The next message for a new call, if it need not wait. */
  takeNow(): IncomingMessage | undefined {
    return this.waiters.length === 0 && this.endReason === undefined ? this.take() : undefined;
  }

  /**
   * The next message; waits for it. Rejects with TimeOut after `timeoutMs` (absent: never), with why the consumer ended,
   * or with Aborted when the signal fires.
   */
  receive(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    if (this.endReason !== undefined) return Promise.reject(this.endReason);
    if (signal?.aborted) return Promise.reject(abortedError('receiving', signal));
    const message = this.takeNow();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const onAbort = () => this.giveUp(waiter, abortedError('receiving', signal as AbortSignal));
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        resolve: (received) => {
          release();
          resolve(received);
        },
        reject: (error) => {
          release();
          reject(error);
        },
      };
      this.waiters.push(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (timeoutMs !== undefined) {
        const late = () => this.giveUp(waiter, new PulsarError('TimeOut', `no message within ${timeoutMs} ms`));
        timer = setTimeout(late, timeoutMs);
      }
      this.onWaiting();
    });
  }

  private giveUp(waiter: Waiter, reason: PulsarError): void {
    const index = this.waiters.indexOf(waiter);
    if (index >= 0) this.waiters.splice(index, 1);
    waiter.reject(reason);
  }

  /** Waits for the next arrival, the end of the consumer, the signal or `limitMs`. */
  async arrival(limitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const arrived = Promise.withResolvers<void>();
    const timer = setTimeout(arrived.resolve, limitMs);
    const onAbort = () => arrived.resolve();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.arrivalListeners.add(arrived.resolve);
    this.onWaiting();
    await arrived.promise;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    this.arrivalListeners.delete(arrived.resolve);
  }

  /** Throws why the consumer ended, if it did. */
  requireOpen(): void {
    if (this.endReason !== undefined) throw this.endReason;
  }
}
