import type middy from '@middy/core';
import { PulsarIoError } from '../core/errors.ts';
import type { PublishedTail } from '../core/progress.ts';
import { commitSettled, requireUnblocked } from './commit-settled.ts';
import type { Output } from './output-topic.ts';
import type { ResumedOutputs } from './resume-outputs.ts';
import { type SourceBatch, type SourceItem, unsettled } from './source-batch.ts';

/**
 * EFFECTIVELY_ONCE of a source (GUARANTEES 5, EO-SOURCE steps 4-6): records that the broker holds already are skipped, once it is proven
 * that it holds them durably; the rest is published, and the frontier is committed, fenced, after the receipts.
 */
export const effectivelyOnceSource = (resumed: ResumedOutputs): middy.MiddlewareObj<SourceBatch, void> => ({
  before: async ({ event: batch }): Promise<void> => {
    batch.stopsAtFailure = batch.deadLetters === undefined;
    for (const item of unsettled(batch)) {
      if (item.message && !item.error) await skipIfHeld(batch.output.outputFor(item.message), item);
    }
    await noteFirstUse(batch);
  },
  after: async ({ event: batch }): Promise<void> => {
    const { outputs } = batch.output;
    // Rule 5: what was skipped on the broker's word alone is not written down before that word is proven.
    if (!outputs.every(({ trusted }) => trusted)) return requireUnblocked(batch);
    await commitSettled(batch, { tails: tailsOf(outputs), clean: false });
    await resumed.afterCommit();
  },
});

/**
 * Writes down where the entries of this generation will begin in a topic, before the first of them is sent (rule 7). Not sooner: a topic that nothing was sent to holds nothing, whatever
 * a broker that started anew makes of its empty ledgers and of the guard in them.
 */
const noteFirstUse = async (batch: SourceBatch): Promise<void> => {
  const { output, checkpoint } = batch;
  const used = unsettled(batch).flatMap(({ message, error }) => (message && !error ? [output.outputFor(message)] : []));
  if (used.every(({ isUsed }) => isUsed)) return;
  for (const one of used) one.isUsed = true;
  await checkpoint.commit({ tails: tailsOf(output.outputs), destinations: output.destinations });
};

/** What each concrete topic is known to hold, for the checkpoint: a sequence that is not trusted yet is not written down. */
export const tailsOf = (outputs: readonly Output[]): Record<string, PublishedTail> => {
  const tails: Record<string, PublishedTail> = {};
  for (const { topic, isUsed, trusted, lastSequence, messageId, storedTail } of outputs) {
    if (!isUsed) continue;
    const tail = trusted && lastSequence >= 0 ? { sequence: lastSequence, messageId } : storedTail;
    if (tail) tails[topic] = tail;
  }
  return tails;
};

/** Rules 1, 5 and 6: a sequence up to L is never in one entry with a newer one, and L itself is sent alone as a probe. */
const skipIfHeld = async (output: Output, item: SourceItem): Promise<void> => {
  const { sequence } = item.record;
  if (sequence > output.lastSequence) {
    if (output.trusted) return;
    throw new PulsarIoError(
      'PIO_PROGRESS_UNCERTAIN',
      `${output.topic} holds sequence ${output.lastSequence} of producer ${output.producer.name}, which the source no longer gives: its configuration or data changed in mid-stream`,
    );
  }
  if (sequence === output.lastSequence && !output.trusted) await probe(output, item);
  item.outcome = 'published';
};

const probe = async (output: Output, item: SourceItem): Promise<void> => {
  const message = item.message as NonNullable<SourceItem['message']>;
  const receipt = await output.producer.sendEntry([message]);
  if (receipt.messageId === null) {
    output.trusted = true;
    return;
  }
  throw new PulsarIoError(
    'PIO_PROGRESS_UNCERTAIN',
    `${output.topic} named sequence ${output.lastSequence} of producer ${output.producer.name} as held, but stored it only now: records before it may be missing there`,
  );
};
