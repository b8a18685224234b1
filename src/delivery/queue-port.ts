import type { SourceItem } from './source-batch.ts';

/** The queue behind a batch of its messages. */
export interface QueuePort {
  /** True: messages of one key keep their order, so none passes an older one of its key. */
  readonly isOrdered: boolean;
  /** Writes tombstones under their ids; resolves with those that had one before: repetitions. */
  claim(items: readonly SourceItem[]): Promise<readonly SourceItem[]>;
  /** Gives the receipts back: the queue forgets these messages. */
  settle(items: readonly SourceItem[]): Promise<void>;
}
