import type { Output, RoutedMessage } from './output-topic.ts';
import type { SourceBatch, SourceItem } from './source-batch.ts';

/**
 * The innermost step of the source pipeline: publishes what is not settled and cannot fail on its own. What waits behind a failed record
 * is left for the next pass, when that one has been moved aside.
 */
export const publish = async (batch: SourceBatch): Promise<void> => {
  const byMessage = publishable(batch);
  const itemOf = (message: RoutedMessage): SourceItem => byMessage.get(message) as SourceItem;
  await batch.output.publish([...byMessage.keys()], {
    published: (messages) => {
      for (const message of messages) itemOf(message).outcome = 'published';
    },
    tooLarge: (message, error) => {
      itemOf(message).error = error;
    },
  });
};

/** A failed record holds back what follows on its topic, or everything where the guarantee stops at it. */
const publishable = ({ output, items, stopsAtFailure }: SourceBatch): Map<RoutedMessage, SourceItem> => {
  const byMessage = new Map<RoutedMessage, SourceItem>();
  const blocked = new Set<Output>();
  for (const item of items) {
    if (item.outcome !== undefined) continue;
    if (item.error && stopsAtFailure) break;
    if (!item.message) continue;
    const topic = output.outputFor(item.message);
    if (item.error) blocked.add(topic);
    else if (!blocked.has(topic)) byMessage.set(item.message, item);
  }
  return byMessage;
};
