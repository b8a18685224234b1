import type { WaitingMessage } from './batcher.ts';

/** Where a producer's sequence ids are. */
interface SequenceState {
  /** Of the next message that brings none. */
  readonly nextSequenceId: number;
  /** Highest that the broker is known to have. */
  readonly lastSequenceId: number;
}

/**
 * Divides a batch into entries. Sequence ids must rise within an entry, and an entry must not mix ids that the broker may have with new
 * ones: it would drop the new ones together with the others (GUARANTEES 1). An entry is of one transaction, or of none.
 * Lazy: reads the next sequence id anew after each entry that was taken.
 */
export function* entryRuns(
  batch: readonly WaitingMessage[],
  state: SequenceState,
): Generator<readonly WaitingMessage[]> {
  let from = 0;
  let previous = -1;
  for (let index = 0; index < batch.length; index++) {
    const { message } = batch[index] as WaitingMessage;
    const isOtherTransaction = message.transaction !== batch[from]?.message.transaction;
    const sequenceId = message.sequenceId ?? state.nextSequenceId + index - from;
    const isKnown = sequenceId <= state.lastSequenceId;
    const isApart = sequenceId <= previous || isKnown !== previous <= state.lastSequenceId || isOtherTransaction;
    if (index > from && isApart) {
      yield batch.slice(from, index);
      from = index;
    }
    previous = sequenceId;
  }
  if (from < batch.length) yield from === 0 ? batch : batch.slice(from);
}
