import type { UnnumberedMessage } from './batcher.ts';
import { type HashingScheme, hashKey } from './hashing.ts';

/** Where messages without a key go (PULSAR-WIRE 5.8). CustomPartition is left to the config's `messageRouter`; without one it is round robin. */
export type RoutingMode = 'UseSinglePartition' | 'RoundRobinDistribution' | 'CustomPartition';

/** Everything a choice depends on; clock and chance are handed in. */
export interface RouterOptions {
  readonly mode: RoutingMode;
  readonly hashingScheme: HashingScheme;
  /** Asked for each message: a topic may get more. */
  readonly partitions: () => number;
  /** How long messages without a key stay on one partition, so that batches fill; absent: one message. */
  readonly stickFor: { readonly messages: number; readonly bytes: number; readonly ms: number } | undefined;
  readonly nowMs: () => number;
  /** 0 ≤ x < 1; chooses the first partition. */
  readonly random: () => number;
}

/** Chooses the partition of each message: by key if it has one, else one after the other or always the same. */
export class Router {
  private readonly options: RouterOptions;
  private current: number;
  private messages = 0;
  private bytes = 0;
  private sinceMs: number;

  constructor(options: RouterOptions) {
    this.options = options;
    this.current = Math.floor(options.random() * options.partitions());
    this.sinceMs = options.nowMs();
  }

  route(message: UnnumberedMessage): number {
    const { mode, hashingScheme } = this.options;
    const partitions = this.options.partitions();
    if (message.key !== undefined) return hashKey(hashingScheme, message.key) % partitions;
    if (mode !== 'UseSinglePartition' && this.mustMoveOn(message)) {
      this.current = (this.current + 1) % partitions;
      this.messages = 0;
      this.bytes = 0;
      this.sinceMs = this.options.nowMs();
    }
    this.messages++;
    this.bytes += message.value?.length ?? 0;
    return this.current;
  }

  private mustMoveOn(message: UnnumberedMessage): boolean {
    const { stickFor, nowMs } = this.options;
    if (this.messages === 0) return false;
    if (stickFor === undefined || this.messages >= stickFor.messages) return true;
    const size = message.value?.length ?? 0;
    return this.bytes + size > stickFor.bytes || nowMs() - this.sinceMs >= stickFor.ms;
  }
}
