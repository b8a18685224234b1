import type { ReceiveOptions } from '../../core/messaging.ts';
import { PulsarError } from '../errors.ts';
import { abortedError } from '../network/request-table.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Permits } from './permits.ts';
import type { ReceiveQueue } from './receive-queue.ts';

/** Longer timers fire at once; a wait beyond it is for ever. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Takes batches from a receive queue, waiting for them to fill. */
export class BatchReceiver {
  private readonly queue: ReceiveQueue;
  private readonly permits: Permits;
  private readonly mostQueued: number;
  private interrupt: ((error: PulsarError) => void) | undefined;
  private endReason: PulsarError | undefined;
  private isReceiving = false;

  /** `mostQueued`: no use in waiting for more than that, as the broker may not send more ahead. */
  constructor(queue: ReceiveQueue, permits: Permits, mostQueued: number) {
    this.queue = queue;
    this.permits = permits;
    this.mostQueued = mostQueued;
  }

  /** See `SessionConsumer.receiveBatch`. */
  async receive(options: ReceiveOptions): Promise<IncomingMessage[]> {
    if (this.isReceiving) throw new PulsarError('InvalidState', 'another receiveBatch is waiting on this consumer');
    this.isReceiving = true;
    try {
      const { maxMessages, maxBytes = Number.POSITIVE_INFINITY, lingerMs, waitMs, signal } = options;
      const enough = Math.min(maxMessages, this.mostQueued);
      await this.waitUntil(() => this.queue.length > 0, waitMs, signal);
      if (this.queue.length === 0) return [];
      await this.waitUntil(() => this.queue.length >= enough || this.queue.bytes >= maxBytes, lingerMs, signal);
      if (this.endReason !== undefined) throw this.endReason;
      const taken = this.queue.take(options);
      this.permits.release(taken.length);
      return taken;
    } finally {
      this.isReceiving = false;
    }
  }

  /** Waits until `isReady` after an arrival, or `limitMs` passed. Collected permits go out first, so that waiting can end. */
  private async waitUntil(isReady: () => boolean, limitMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.endReason !== undefined) throw this.endReason;
    if (signal?.aborted) throw abortedError('receiving', signal);
    if (isReady() || limitMs <= 0) return;
    this.permits.flush();
    const done = Promise.withResolvers<void>();
    const onAbort = () => done.reject(abortedError('receiving', signal as AbortSignal));
    const timer = limitMs <= MAX_TIMER_MS ? setTimeout(done.resolve, limitMs) : undefined;
    signal?.addEventListener('abort', onAbort, { once: true });
    this.interrupt = done.reject;
    this.queue.onChange = () => {
      if (isReady()) done.resolve();
    };
    try {
      await done.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.interrupt = undefined;
      this.queue.onChange = undefined;
    }
  }

  /** Rejects the receive that waits, and all later ones. */
  end(reason: PulsarError): void {
    this.endReason = reason;
    this.interrupt?.(reason);
  }
}
