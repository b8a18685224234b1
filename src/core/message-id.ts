/** A Pulsar message id in parts; `batchIndex` is -1 for a message that is not in a batch. */
export interface MessageIdParts {
  readonly ledgerId: number;
  readonly entryId: number;
  readonly partition?: number | undefined;
  readonly batchIndex: number;
  readonly batchSize?: number | undefined;
}

/** Orders by (ledger, entry, batch index): the log order within one topic-partition. */
export const compareMessageIds = (a: MessageIdParts, b: MessageIdParts): number =>
  a.ledgerId - b.ledgerId || a.entryId - b.entryId || a.batchIndex - b.batchIndex;

/** `ledger:entry` or `ledger:entry:index`, as Pulsar's tools print it. */
export const formatMessageId = ({ ledgerId, entryId, batchIndex }: MessageIdParts): string =>
  batchIndex < 0 ? `${ledgerId}:${entryId}` : `${ledgerId}:${entryId}:${batchIndex}`;
