import type { MessageIdParts } from '../../core/message-id.ts';
import {
  type CommandFields,
  decodeBatch,
  decompressPayload,
  type KeyValue,
  MessageMetadata,
  ProtocolError,
  parsePayload,
  type SingleMessageMetadata,
  type ValidationErrorName,
} from '../protocol/index.ts';
import type { Chunk } from './chunk-assembler.ts';
import type { DecryptPayload, EncryptionContext } from './encryption-context.ts';
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
  /** Decrypts with the keys of the consumer; undefined when it has none that fits. */
  readonly decrypt?: DecryptPayload | undefined;
}

/** `permits` is what the broker charged for the entry; what was not delivered of it must be given back. */
export type DecodedEntry =
  | { readonly kind: 'messages'; readonly messages: IncomingMessage[]; readonly permits: number }
  | { readonly kind: 'chunk'; readonly chunk: Chunk; readonly permits: number }
  /** `raw` is the entry as one message, its bytes as they came. */
  | { readonly kind: 'corrupt'; readonly entry: CorruptEntry; readonly raw: IncomingMessage; readonly permits: number }
  /** No key fits; `raw` is the entry as one message with its encrypted bytes. */
  | { readonly kind: 'encrypted'; readonly raw: IncomingMessage; readonly permits: number };

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

function decompressEntry(metadata: MessageMetadata, payload: Buffer, maxBytes: number): Buffer {
  const size = metadata.uncompressedSize ?? 0;
  if (size > maxBytes) throw new Corruption('UncompressedSizeCorruption');
  const compression = metadata.compression ?? 0;
  return attempt('DecompressionError', () => decompressPayload(compression, payload, size, maxBytes));
}

/** What is known of an entry whose metadata cannot be read. */
const NO_METADATA: MessageMetadata = MessageMetadata.decode(
  MessageMetadata.encode({ producerName: '', sequenceId: 0, publishTime: 0 }),
);

function corrupt(
  command: MessageCommand,
  context: EntryContext,
  { reason, cause }: Corruption,
  read: { readonly entry: ReadableEntry; readonly permits: number },
): DecodedEntry {
  const { topic } = context;
  const raw = singleMessage(command, read.entry, topic);
  return { kind: 'corrupt', entry: { topic, messageId: raw.messageId, reason, cause }, raw, permits: read.permits };
}

function readPlain(
  command: MessageCommand,
  { metadata, payload }: ReadableEntry,
  context: EntryContext,
  permits: number,
): DecodedEntry {
  const entry = { metadata, payload: decompressEntry(metadata, payload, context.maxUncompressedBytes) };
  const isBatch = metadata.numMessagesInBatch !== undefined;
  const messages = isBatch ? batchMessages(command, entry, context) : [singleMessage(command, entry, context.topic)];
  return { kind: 'messages', messages, permits };
}

function readEncrypted(
  command: MessageCommand,
  { metadata, payload }: ReadableEntry,
  context: EntryContext,
  permits: number,
): DecodedEntry {
  const decrypted = context.decrypt?.(metadata, payload);
  const encryption: EncryptionContext = { metadata, isDecryptionFailed: decrypted === undefined };
  if (decrypted === undefined) {
    const raw = singleMessage(command, { metadata, payload }, context.topic);
    return { kind: 'encrypted', raw: { ...raw, encryption }, permits };
  }
  const decoded = readEntry(command, { metadata, payload: decrypted }, context, permits);
  if (decoded.kind !== 'messages') return decoded;
  return { ...decoded, messages: decoded.messages.map((message) => ({ ...message, encryption })) };
}

function readEntry(
  command: MessageCommand,
  entry: ReadableEntry,
  context: EntryContext,
  permits: number,
): DecodedEntry {
  if ((entry.metadata.numChunksFromMsg ?? 0) <= 1) return readPlain(command, entry, context, permits);
  const { ledgerId, entryId, partition } = command.messageId;
  return { kind: 'chunk', chunk: { messageId: { ledgerId, entryId, partition, batchIndex: -1 }, ...entry }, permits };
}

/** An entry as one message, its bytes as they came. */
export function rawMessage(command: MessageCommand, entry: ReadableEntry, { topic }: EntryContext): IncomingMessage {
  return singleMessage(command, entry, topic);
}

/** Reads a message that was put together from chunks: `command` and metadata are the last chunk's. */
export function decodeAssembled(
  command: MessageCommand,
  entry: ReadableEntry,
  context: EntryContext,
): Extract<DecodedEntry, { kind: 'messages' | 'corrupt' }> {
  try {
    return readPlain(command, entry, context, 1) as Extract<DecodedEntry, { kind: 'messages' }>;
  } catch (error) {
    if (!(error instanceof Corruption)) throw error;
    return corrupt(command, context, error, { entry, permits: 1 }) as Extract<DecodedEntry, { kind: 'corrupt' }>;
  }
}

/** Reads what followed a MESSAGE command: checksum, decryption, decompression, batch. Bytes that cannot be read are a result, not a throw. */
export function decodeEntry(command: MessageCommand, headersAndPayload: Buffer, context: EntryContext): DecodedEntry {
  let read = { entry: { metadata: NO_METADATA, payload: headersAndPayload }, permits: 1 };
  try {
    const parsed = attempt('BatchDeSerializeError', () => parsePayload(headersAndPayload));
    if (!parsed.checksumOk) throw new Corruption('ChecksumMismatch');
    const { metadata, payload } = parsed;
    const { numMessagesInBatch } = metadata;
    const permits = numMessagesInBatch === undefined ? 1 : chargedPermits(numMessagesInBatch, command.ackSet);
    read = { entry: { metadata, payload }, permits };
    const isEncrypted = metadata.encryptionKeys.length > 0;
    return (isEncrypted ? readEncrypted : readEntry)(command, read.entry, context, permits);
  } catch (error) {
    if (!(error instanceof Corruption)) throw error;
    return corrupt(command, context, error, read);
  }
}
