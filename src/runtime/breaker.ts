import type { SinkBatch } from '../delivery/sink-batch.ts';
import type { RunContext } from './run-deps.ts';
import { isLeft, restBehind } from './settle.ts';

/** True when the target took nothing of the batch, for reasons of its own; what it rejects, it has looked at. */
const isInVain = ({ records }: SinkBatch): boolean =>
  records.every(({ outcome, lastError }) => isLeft(outcome) && lastError?.disposition !== 'reject');

/**
 * Keeps a run from trying batch after batch on a target that is away, where each failed record is handed back, or dropped under ATMOST_ONCE, and the next batch would follow at once. One batch in vain
 * opens it; the next is tried after a wait that doubles from one to the other, and one of which something was taken closes it.
 */
export class Breaker {
  readonly #context: RunContext;
  #inVain = 0;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Waits, when the batch was in vain. Throws its last failure where the wait gets longer than a run may: the instance then rests between its runs. */
  async passed(batch: SinkBatch): Promise<void> {
    this.#inVain = isInVain(batch) ? this.#inVain + 1 : 0;
    if (this.#inVain > 0) await restBehind(batch, this.#inVain, this.#context);
  }
}
