import type { OutgoingMessage } from '../core/messaging.ts';
import { type SourceBatch, type SourceItem, unsettled } from './source-batch.ts';

/** The innermost step of the source pipeline: publishes what is not settled and cannot fail on its own. */
export const publish = async (batch: SourceBatch): Promise<void> => {
  const byMessage = new Map<OutgoingMessage, SourceItem>();
  for (const item of unsettled(batch)) {
    if (!item.error && item.message) byMessage.set(item.message, item);
  }
  await batch.output.publish([...byMessage.keys()], (message, error) => {
    (byMessage.get(message) as SourceItem).error = error;
    byMessage.delete(message);
  });
  for (const item of byMessage.values()) item.outcome = 'published';
};
