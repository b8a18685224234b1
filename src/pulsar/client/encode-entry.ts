import type { Compression, OutgoingMessage as CoreOutgoingMessage } from '../../core/messaging.ts';
import { PulsarError } from '../errors.ts';
import {
  CompressionType,
  compressPayload,
  encodeBatch,
  encodePayload,
  type KeyValue,
  MessageMetadata,
} from '../protocol/index.ts';

/** A message to send, with what the pipeline does not use but clients may. */
export interface OutgoingMessage extends CoreOutgoingMessage {
  /** The key is base64 text of binary bytes. */
  readonly isKeyBase64?: boolean | undefined;
  /** What Key_Shared routes by instead of the key. */
  readonly orderingKey?: Uint8Array | undefined;
  /** Earliest delivery, epoch milliseconds; only a message that is alone in its entry can have it. */
  readonly deliverAtMs?: number | undefined;
  /** Clusters to replicate to; `['__local__']` for none. Only for a message that is alone in its entry. */
  readonly replicateTo?: readonly string[] | undefined;
}

/** What all messages of an entry share. */
export interface EntrySettings {
  readonly producerName: string;
  readonly compression: Compression;
  readonly schemaVersion: Uint8Array | undefined;
  /** Limit of what SEND carries after its command (CONNECTED.max_message_size). */
  readonly maxMessageBytes: number;
  readonly publishTimeMs: number;
}

/** One entry, ready for SEND. */
export interface EncodedEntry {
  readonly headersAndPayload: Buffer;
  readonly count: number;
  readonly lowestSequenceId: number;
  readonly highestSequenceId: number;
}

const EMPTY = new Uint8Array(0);
/** Bytes that the framing of a message in a batch takes at most, beyond its texts: sizes, tags, ids, times. */
const MESSAGE_OVERHEAD_BYTES = 48;

function toPairs(properties: Readonly<Record<string, string>> | undefined): KeyValue[] {
  if (properties === undefined) return [];
  return Object.entries(properties).map(([key, value]) => ({ key, value }));
}

/** An upper estimate of the bytes that a message adds to an entry, before compression. */
export function estimateMessageBytes(message: OutgoingMessage): number {
  let bytes = MESSAGE_OVERHEAD_BYTES + (message.value?.length ?? 0) + (message.orderingKey?.length ?? 0);
  if (message.key !== undefined) bytes += Buffer.byteLength(message.key);
  for (const name in message.properties) {
    bytes += 12 + Buffer.byteLength(name) + Buffer.byteLength(message.properties[name] as string);
  }
  return bytes;
}

function individualFields(message: OutgoingMessage) {
  return {
    properties: toPairs(message.properties),
    partitionKey: message.key,
    partitionKeyB64Encoded: message.isKeyBase64 || undefined,
    orderingKey: message.orderingKey,
    eventTime: message.eventTimeMs,
    nullValue: message.value === null || undefined,
    sequenceId: message.sequenceId,
  };
}

function requireBatchable(messages: readonly OutgoingMessage[]): void {
  let previous = -1;
  for (const { sequenceId, deliverAtMs, replicateTo } of messages) {
    if (!Number.isSafeInteger(sequenceId) || sequenceId <= previous) {
      throw new PulsarError('InvalidMessage', `sequence id ${sequenceId} does not come after ${previous}`);
    }
    if (messages.length > 1 && (deliverAtMs !== undefined || replicateTo !== undefined)) {
      throw new PulsarError(
        'InvalidMessage',
        'a message with delayed delivery or clusters to replicate to must be alone',
      );
    }
    previous = sequenceId;
  }
  if (previous < 0) throw new PulsarError('InvalidMessage', 'an entry needs at least one message');
}

function batchMetadata(messages: readonly OutgoingMessage[], first: OutgoingMessage, highestSequenceId: number) {
  return {
    numMessagesInBatch: messages.length,
    highestSequenceId,
    sequenceId: first.sequenceId,
    partitionKey: first.key,
    partitionKeyB64Encoded: first.isKeyBase64 || undefined,
    orderingKey: first.orderingKey,
  };
}

/**
 * Encodes messages as one entry: a batch if there is more than one, always with the highest sequence id. Throws
 * `PulsarError` MessageTooBig (after compression) or InvalidMessage (sequence ids do not rise, or a message must be alone).
 */
export function encodeEntry(messages: readonly OutgoingMessage[], settings: EntrySettings): EncodedEntry {
  requireBatchable(messages);
  const first = messages[0] as OutgoingMessage;
  const highestSequenceId = (messages.at(-1) as OutgoingMessage).sequenceId;
  const isBatch = messages.length > 1;
  const raw = isBatch
    ? encodeBatch(messages.map((one) => ({ metadata: individualFields(one), payload: one.value ?? EMPTY })))
    : (first.value ?? EMPTY);
  // The C++ client cannot read an empty compressed payload: it would discard the message.
  const compression = raw.length === 0 ? 'NONE' : settings.compression;
  const payload = compressPayload(compression, raw);
  const own = isBatch
    ? batchMetadata(messages, first, highestSequenceId)
    : { ...individualFields(first), deliverAtTime: first.deliverAtMs };
  const metadata = MessageMetadata.encode({
    ...own,
    producerName: settings.producerName,
    publishTime: settings.publishTimeMs,
    compression: compression === 'NONE' ? undefined : CompressionType[compression],
    uncompressedSize: raw.length,
    schemaVersion: settings.schemaVersion,
    replicateTo: first.replicateTo,
  });
  const bytes = 10 + metadata.length + payload.length;
  if (bytes > settings.maxMessageBytes) {
    throw new PulsarError(
      'MessageTooBig',
      `an entry of ${bytes} bytes exceeds the broker's ${settings.maxMessageBytes}`,
    );
  }
  const headersAndPayload = encodePayload(metadata, payload);
  return { headersAndPayload, count: messages.length, lowestSequenceId: first.sequenceId, highestSequenceId };
}
