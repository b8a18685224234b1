import type { Compression, OutgoingMessage as CoreOutgoingMessage } from '../../core/messaging.ts';
import { PulsarError } from '../errors.ts';
import {
  type BatchInput,
  type CommandInput,
  CompressionType,
  compressPayload,
  encodeBatch,
  encodePayload,
  encodePayloadHead,
  type InputOf,
  type KeyValue,
  MessageMetadata,
} from '../protocol/index.ts';
import type { BatchMemory } from './batch-memory.ts';
import { type TransactionId, transactionFields } from './transaction-id.ts';

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
  /** The transaction it is published in; one for all messages of an entry. */
  readonly transaction?: TransactionId | undefined;
}

/** What all messages of an entry share. */
export interface EntrySettings {
  readonly producerName: string;
  readonly compression: Compression;
  readonly schemaVersion: Uint8Array | undefined;
  /** Limit of what SEND carries after its command (CONNECTED.max_message_size). */
  readonly maxMessageBytes: number;
  readonly publishTimeMs: number;
  /** Encrypts what an entry or chunk carries. Absent: nothing is encrypted. */
  readonly encrypt?: EncryptPayload | undefined;
  /** Gives the memory of a batch that goes out as it is. Absent: it is nobody's business. */
  readonly memory?: BatchMemory | undefined;
}

/** Fields of MessageMetadata that only some kinds of entries have. */
type MetadataFields = Partial<InputOf<typeof MessageMetadata>>;

/** Encrypts a payload; gives it with the metadata that a reader needs to decrypt it. */
export type EncryptPayload = (payload: Uint8Array) => { readonly payload: Uint8Array; readonly fields: MetadataFields };

/** One entry, ready for SEND. */
export interface EncodedEntry {
  /** One after the other. */
  readonly headersAndPayload: readonly Uint8Array[];
  readonly count: number;
  readonly lowestSequenceId: number;
  readonly highestSequenceId: number;
  /** Set for one of several chunks of a message. */
  readonly chunk?: { readonly isFirst: boolean; readonly isLast: boolean } | undefined;
  readonly transaction?: TransactionId | undefined;
  /** The part of it that came from the settings' `memory`, which may have it back. */
  readonly borrowed?: Uint8Array | undefined;
}

/** The fields of SEND. */
export function sendFields(producerId: number, entry: EncodedEntry): CommandInput<'SEND'> {
  const { lowestSequenceId, highestSequenceId, count, chunk, transaction } = entry;
  return {
    producerId,
    sequenceId: lowestSequenceId,
    numMessages: count,
    highestSequenceId: count > 1 ? highestSequenceId : undefined,
    isChunk: chunk && true,
    ...(transaction && transactionFields(transaction)),
  };
}

const NO_PAIRS: readonly KeyValue[] = [];
const EMPTY = new Uint8Array(0);
/** Bytes that the framing of a message in a batch takes at most, beyond its texts: sizes, tags, ids, times. */
const MESSAGE_OVERHEAD_BYTES = 48;
/** Magic, checksum and size of the metadata. */
export const ENTRY_HEADER_BYTES = 10;

function toPairs(properties: Readonly<Record<string, string>> | undefined): readonly KeyValue[] {
  if (properties === undefined) return NO_PAIRS;
  return Object.entries(properties).map(([key, value]) => ({ key, value }));
}

/** An upper estimate of the bytes that a message adds to an entry, before compression. */
export function estimateMessageBytes(message: Omit<OutgoingMessage, 'sequenceId'>): number {
  let bytes = MESSAGE_OVERHEAD_BYTES + (message.value?.length ?? 0) + (message.orderingKey?.length ?? 0);
  if (message.key !== undefined) bytes += Buffer.byteLength(message.key);
  for (const name in message.properties) {
    bytes += 12 + Buffer.byteLength(name) + Buffer.byteLength(message.properties[name] as string);
  }
  return bytes;
}

/** What the metadata of a message says, alone or (with the size of its payload) in a batch. */
function individualFields(message: OutgoingMessage, payloadSize?: number) {
  return {
    payloadSize,
    properties: toPairs(message.properties),
    partitionKey: message.key,
    partitionKeyB64Encoded: message.isKeyBase64 || undefined,
    orderingKey: message.orderingKey,
    eventTime: message.eventTimeMs,
    nullValue: message.value === null || undefined,
    sequenceId: message.sequenceId,
  };
}

function batchInput(message: OutgoingMessage): BatchInput {
  const payload = message.value ?? EMPTY;
  return { metadata: individualFields(message, payload.length), payload };
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

/** The compressed payload of an entry, and what its metadata says of it. */
export interface PreparedEntry {
  readonly fields: InputOf<typeof MessageMetadata>;
  readonly payload: Uint8Array;
  /** The payload is nobody else's: it need not be copied. */
  readonly isOwn?: boolean;
  readonly borrowed?: Uint8Array | undefined;
}

/** Frames and compresses messages. Throws `PulsarError` InvalidMessage (sequence ids do not rise, or a message must be alone). */
export function prepareEntry(messages: readonly OutgoingMessage[], settings: EntrySettings): PreparedEntry {
  requireBatchable(messages);
  const first = messages[0] as OutgoingMessage;
  const isBatch = messages.length > 1;
  const memory = settings.compression === 'NONE' && settings.encrypt === undefined ? settings.memory : undefined;
  const raw = isBatch
    ? encodeBatch(messages.map(batchInput), memory && ((bytes) => memory.take(bytes)))
    : (first.value ?? EMPTY);
  // The C++ client cannot read an empty compressed payload: it would discard the message.
  const compression = raw.length === 0 ? 'NONE' : settings.compression;
  const fields = {
    ...(isBatch
      ? batchMetadata(messages, first, (messages.at(-1) as OutgoingMessage).sequenceId)
      : individualFields(first)),
    deliverAtTime: first.deliverAtMs,
    producerName: settings.producerName,
    publishTime: settings.publishTimeMs,
    compression: compression === 'NONE' ? undefined : CompressionType[compression],
    uncompressedSize: raw.length,
    schemaVersion: settings.schemaVersion,
    replicateTo: first.replicateTo,
    ...(first.transaction && transactionFields(first.transaction)),
  };
  return {
    fields,
    payload: compressPayload(compression, raw),
    isOwn: isBatch || compression !== 'NONE',
    borrowed: isBatch && memory ? raw : undefined,
  };
}

/** Encrypts, if that is asked for, and puts metadata and payload together. Throws `PulsarError` MessageTooBig. */
export function sealEntry({ fields, payload, isOwn }: PreparedEntry, settings: EntrySettings): readonly Uint8Array[] {
  const sealed = settings.encrypt?.(payload);
  const metadata = MessageMetadata.encode(sealed === undefined ? fields : { ...fields, ...sealed.fields });
  const body = sealed === undefined ? payload : sealed.payload;
  const bytes = ENTRY_HEADER_BYTES + metadata.length + body.length;
  if (bytes > settings.maxMessageBytes) {
    throw new PulsarError(
      'MessageTooBig',
      `an entry of ${bytes} bytes exceeds the broker's ${settings.maxMessageBytes}`,
    );
  }
  if (isOwn === true || sealed !== undefined) return [encodePayloadHead(metadata, body), body];
  return [encodePayload(metadata, body)];
}

/**
 * Encodes messages as one entry: a batch if there is more than one, always with the highest sequence id. Throws
 * `PulsarError` MessageTooBig (after compression) or InvalidMessage (sequence ids do not rise, or a message must be alone).
 */
export function encodeEntry(messages: readonly OutgoingMessage[], settings: EntrySettings): EncodedEntry {
  const prepared = prepareEntry(messages, settings);
  const headersAndPayload = sealEntry(prepared, settings);
  const { sequenceId: lowestSequenceId, transaction } = messages[0] as OutgoingMessage;
  const highestSequenceId = (messages.at(-1) as OutgoingMessage).sequenceId;
  const { borrowed } = prepared;
  return { headersAndPayload, count: messages.length, lowestSequenceId, highestSequenceId, transaction, borrowed };
}
