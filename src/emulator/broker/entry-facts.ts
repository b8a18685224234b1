import type { CommandFields } from '../../pulsar/protocol/commands.ts';
import type { MessageMetadata } from '../../pulsar/protocol/messages.ts';
import type { DedupInput } from './state/dedup.ts';
import { slotOf } from './state/key-ring.ts';
import type { EntryFacts } from './storage/entry.ts';

/** What dispatchers need of a message's metadata. */
export function factsOf(metadata: MessageMetadata): EntryFacts {
  return {
    publishTimeMs: metadata.publishTime,
    messages: Math.max(1, metadata.numMessagesInBatch ?? 1),
    isBatch: metadata.numMessagesInBatch !== undefined,
    chunk: chunkOf(metadata),
    slot: slotOf(stickyKey(metadata)),
    deliverAtMs: Math.max(0, metadata.deliverAtTime ?? 0),
  };
}

function chunkOf({ chunkId = 0, numChunksFromMsg = 1 }: MessageMetadata): EntryFacts['chunk'] {
  if (numChunksFromMsg <= 1) return undefined;
  return chunkId === numChunksFromMsg - 1 ? 'last' : 'part';
}

/** What deduplication needs of a SEND. */
export function dedupInputOf(producerName: string, send: CommandFields<'SEND'>, metadata: MessageMetadata): DedupInput {
  return {
    producerName,
    lowestSequenceId: send.sequenceId,
    highestSequenceId: Math.max(send.sequenceId, send.highestSequenceId ?? 0),
    isPartialChunk: send.isChunk === true && (metadata.chunkId ?? 0) !== (metadata.numChunksFromMsg ?? 1) - 1,
  };
}

/** Ordering key, else partition key, else something that differs per message (PULSAR-WIRE 5.8). */
function stickyKey(metadata: MessageMetadata): Uint8Array {
  if (metadata.orderingKey && metadata.orderingKey.length > 0) return metadata.orderingKey;
  if (metadata.partitionKey !== undefined) {
    return Buffer.from(metadata.partitionKey, metadata.partitionKeyB64Encoded ? 'base64' : 'utf8');
  }
  return Buffer.from(`${metadata.producerName}-${metadata.sequenceId}`);
}
