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
  let run: WaitingMessage[] = [];
  let previous = -1;
  for (const waiting of batch) {
    const isOtherTransaction = waiting.message.transaction !== run[0]?.message.transaction;
    const sequenceId = waiting.message.sequenceId ?? state.nextSequenceId + run.length;
    const isKnown = sequenceId <= state.lastSequenceId;
    const isApart = sequenceId <= previous || isKnown !== previous <= state.lastSequenceId || isOtherTransaction;
    if (run.length > 0 && isApart) {
      yield run;
      run = [];
    }
    run.push(waiting);
    previous = sequenceId;
  }
  if (run.length > 0) yield run;
}
