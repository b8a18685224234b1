import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import {
  type CommandFields,
  decodeBatch,
  decompressPayload,
  type KeyValue,
  type MessageMetadata,
  ProtocolError,
  parsePayload,
  type SingleMessageMetadata,
  type ValidationErrorName,
} from '../protocol/index.ts';
import type { IncomingMessage } from './incoming-message.ts';

/** An entry that cannot be read and was discarded with a validation error. */
export interface CorruptEntry {
  readonly topic: string;
  readonly messageId: MessageIdParts;
  readonly reason: ValidationErrorName;
  readonly cause?: unknown;
}

/** Where an entry came from, and limits for reading it. */
export interface EntryContext {
  readonly topic: string;
  /** Entries that claim to be larger when uncompressed are corrupt. */
  readonly maxUncompressedBytes: number;
  /** Whether this consumer has acknowledged one message of the entry before; such messages are left out. */
  isAcknowledged?(ledgerId: number, entryId: number, batchIndex: number): boolean;
}

/** `permits` is what the broker charged for the entry; what was not delivered of it must be given back. */
export type DecodedEntry =
  | { readonly kind: 'messages'; readonly messages: IncomingMessage[]; readonly permits: number }
  | { readonly kind: 'corrupt'; readonly entry: CorruptEntry; readonly permits: number }
  | { readonly kind: 'unsupported'; readonly error: PulsarError; readonly permits: number };

type MessageCommand = CommandFields<'MESSAGE'>;
type ReadableEntry = { readonly metadata: MessageMetadata; readonly payload: Buffer };
class Corruption extends Error {
  readonly reason: ValidationErrorName;
  constructor(reason: ValidationErrorName, cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

const NO_PROPERTIES: Readonly<Record<string, string>> = Object.freeze({});

function toProperties(pairs: readonly KeyValue[]): Readonly<Record<string, string>> {
  if (pairs.length === 0) return NO_PROPERTIES;
  const properties: Record<string, string> = {};
  for (const { key, value } of pairs) properties[key] = value;
  return properties;
}

function attempt<T>(reason: ValidationErrorName, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof ProtocolError ? new Corruption(reason, error) : error;
  }
}

/** Bit `index` of the broker's set of messages that are still unacknowledged; an empty set means all of them. */
function isUnacked(ackSet: readonly bigint[], index: number): boolean {
  if (ackSet.length === 0) return true;
  return (((ackSet[index >> 6] ?? 0n) >> BigInt(index & 63)) & 1n) === 1n;
}

function chargedPermits(count: number, ackSet: readonly bigint[]): number {
  if (ackSet.length === 0) return count;
  let charged = 0;
  for (let index = 0; index < count && index < ackSet.length * 64; index++) if (isUnacked(ackSet, index)) charged++;
  return charged;
}

function singleMessage(command: MessageCommand, entry: ReadableEntry, topic: string): IncomingMessage {
  const { metadata, payload } = entry;
  const { ledgerId, entryId, partition } = command.messageId;
  return {
    messageId: { ledgerId, entryId, partition, batchIndex: -1, batchSize: undefined },
    topic,
    key: metadata.nullPartitionKey === true ? undefined : metadata.partitionKey,
    isKeyBase64: metadata.partitionKeyB64Encoded === true,
    orderingKey: metadata.orderingKey,
    value: metadata.nullValue === true ? null : payload,
    properties: toProperties(metadata.properties),
    publishTimeMs: metadata.publishTime,
    eventTimeMs: metadata.eventTime || undefined,
    producerName: metadata.producerName,
    sequenceId: metadata.sequenceId,
    redeliveryCount: command.redeliveryCount ?? 0,
    schemaVersion: metadata.schemaVersion,
    replicatedFrom: metadata.replicatedFrom,
    entryHighestSequenceId: Math.max(metadata.highestSequenceId ?? 0, metadata.sequenceId),
  };
}

function batchMessage(
  shared: IncomingMessage,
  single: SingleMessageMetadata,
  payload: Buffer,
  batchIndex: number,
  batchSize: number,
): IncomingMessage {
  const { ledgerId, entryId, partition } = shared.messageId;
  return {
    messageId: { ledgerId, entryId, partition, batchIndex, batchSize },
    topic: shared.topic,
    key: single.nullPartitionKey === true ? undefined : single.partitionKey,
    isKeyBase64: single.partitionKeyB64Encoded === true,
    orderingKey: single.orderingKey,
    value: single.nullValue === true ? null : payload,
    properties: toProperties(single.properties),
    publishTimeMs: shared.publishTimeMs,
    eventTimeMs: single.eventTime || undefined,
    producerName: shared.producerName,
    sequenceId: single.sequenceId ?? shared.sequenceId,
    redeliveryCount: shared.redeliveryCount,
    schemaVersion: shared.schemaVersion,
    replicatedFrom: shared.replicatedFrom,
    entryHighestSequenceId: shared.entryHighestSequenceId,
  };
}

function batchMessages(command: MessageCommand, entry: ReadableEntry, context: EntryContext): IncomingMessage[] {
  const count = entry.metadata.numMessagesInBatch ?? 1;
  const batch = attempt('BatchDeSerializeError', () => decodeBatch(entry.payload, count));
  const shared = singleMessage(command, entry, context.topic);
  const { ledgerId, entryId } = command.messageId;
  const compacted = new Set(entry.metadata.compactedBatchIndexes);
  const messages: IncomingMessage[] = [];
  for (let index = 0; index < count; index++) {
    const { metadata, payload } = batch[index] as (typeof batch)[number];
    if (metadata.compactedOut === true || compacted.has(index) || !isUnacked(command.ackSet, index)) continue;
    if (context.isAcknowledged?.(ledgerId, entryId, index)) continue;
    messages.push(batchMessage(shared, metadata, payload, index, count));
  }
  return messages;
}

function refuseUnsupported(
  { encryptionKeys, numChunksFromMsg }: MessageMetadata,
  what: string,
): PulsarError | undefined {
  if (encryptionKeys.length > 0)
    return new PulsarError('CryptoError', `${what} is encrypted; decryption is not supported`);
  if ((numChunksFromMsg ?? 0) <= 1) return undefined;
  return new PulsarError('OperationNotSupported', `${what} is a part of a chunked message; chunks are not supported`);
}

function decompressEntry(metadata: MessageMetadata, payload: Buffer, maxBytes: number): Buffer {
  const size = metadata.uncompressedSize ?? 0;
  if (size > maxBytes) throw new Corruption('UncompressedSizeCorruption');
  const compression = metadata.compression ?? 0;
  return attempt('DecompressionError', () => decompressPayload(compression, payload, size, maxBytes));
}

/** Reads what followed a MESSAGE command: checksum, decompression, batch. Bytes that cannot be read are a result, not a throw. */
export function decodeEntry(command: MessageCommand, headersAndPayload: Buffer, context: EntryContext): DecodedEntry {
  const { ledgerId, entryId, partition } = command.messageId;
  const messageId = { ledgerId, entryId, partition, batchIndex: -1 };
  let permits = 1;
  try {
    const parsed = attempt('BatchDeSerializeError', () => parsePayload(headersAndPayload));
    if (!parsed.checksumOk) throw new Corruption('ChecksumMismatch');
    const { metadata } = parsed;
    const isBatch = metadata.numMessagesInBatch !== undefined;
    permits = isBatch ? chargedPermits(metadata.numMessagesInBatch ?? 1, command.ackSet) : 1;
    const error = refuseUnsupported(metadata, `entry ${ledgerId}:${entryId} of ${context.topic}`);
    if (error !== undefined) return { kind: 'unsupported', error, permits };
    const payload = decompressEntry(metadata, parsed.payload, context.maxUncompressedBytes);
    const entry = { metadata, payload };
    const messages = isBatch ? batchMessages(command, entry, context) : [singleMessage(command, entry, context.topic)];
    return { kind: 'messages', messages, permits };
  } catch (error) {
    if (!(error instanceof Corruption)) throw error;
    const { reason, cause } = error;
    return { kind: 'corrupt', entry: { topic: context.topic, messageId, reason, cause }, permits };
  }
}
