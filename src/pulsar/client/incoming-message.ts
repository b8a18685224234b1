/** Place of a message in a topic. `batchIndex` -1 names a whole entry (all messages of a batch). */
export interface MessageIdParts {
  readonly ledgerId: number;
  readonly entryId: number;
  /** Partition of the topic; absent or -1 when the topic has none. */
  readonly partition?: number | undefined;
  readonly batchIndex: number;
  readonly batchSize?: number | undefined;
}

/** A message as the broker delivered it. `value` and other buffers are views of the received bytes. */
export interface IncomingMessage {
  readonly messageId: MessageIdParts;
  /** Full topic name, of the partition on partitioned topics. */
  readonly topic: string;
  readonly key?: string | undefined;
  /** The key is base64 text of binary bytes. */
  readonly isKeyBase64: boolean;
  readonly orderingKey?: Buffer | undefined;
  /** null when the producer sent a null value (a tombstone). */
  readonly value: Buffer | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly publishTimeMs: number;
  readonly eventTimeMs?: number | undefined;
  readonly producerName: string;
  readonly sequenceId: number;
  readonly redeliveryCount: number;
  readonly schemaVersion?: Buffer | undefined;
  /** Cluster that the message came from by geo-replication. */
  readonly replicatedFrom?: string | undefined;
  /** Highest sequence id of the entry that carried the message. */
  readonly entryHighestSequenceId: number;
}

/** Orders message ids of one topic: (ledgerId, entryId, batchIndex). */
export function compareMessageIds(a: MessageIdParts, b: MessageIdParts): number {
  return a.ledgerId - b.ledgerId || a.entryId - b.entryId || a.batchIndex - b.batchIndex;
}
