/** Place of a message in a topic: Pulsar's message id in parts. Ledger and entry -1 are "earliest", `Number.MAX_SAFE_INTEGER` "latest". */
export interface MessageIdParts {
  readonly ledgerId: number;
  readonly entryId: number;
  /** Partition of the topic; absent or -1 when the topic has none. */
  readonly partition?: number | undefined;
  /** Index in the batch; -1 names a whole entry: a message that is alone in it, or all messages of a batch. */
  readonly batchIndex: number;
  /** Messages that the entry was published with; absent when it is no batch. */
  readonly batchSize?: number | undefined;
  /** Of a message that was published in chunks, whose id is its last chunk's: where the first chunk lies. */
  readonly firstChunk?: MessageIdParts | undefined;
}

/** Orders by (ledger, entry, batch index): the log order within one topic-partition. */
export const compareMessageIds = (a: MessageIdParts, b: MessageIdParts): number =>
  a.ledgerId - b.ledgerId || a.entryId - b.entryId || a.batchIndex - b.batchIndex;

/** `ledger:entry` or `ledger:entry:index`, as Pulsar's tools print it. */
export const formatMessageId = ({ ledgerId, entryId, batchIndex }: MessageIdParts): string =>
  batchIndex < 0 ? `${ledgerId}:${entryId}` : `${ledgerId}:${entryId}:${batchIndex}`;
