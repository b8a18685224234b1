import { PulsarError } from '../errors.ts';
import { MessageMetadata } from '../protocol/index.ts';
import {
  ENTRY_HEADER_BYTES,
  type EncodedEntry,
  type EntrySettings,
  encodeEntry,
  type OutgoingMessage,
  type PreparedEntry,
  prepareEntry,
  sealEntry,
} from './encode-entry.ts';

/** Bytes that encryption adds to a payload: the authentication tag. */
const TAG_BYTES = 16;
/** Left free in each entry: a bookie's frame, by default as large as a broker's largest entry, has to hold its own header too. */
const BOOKIE_HEADER_BYTES = 1024;

/**
 * Encodes a message as one entry, or as several chunks when it is larger than the broker takes (PULSAR-WIRE 1): compressed as a whole, encrypted
 * chunk by chunk. Throws `PulsarError` InvalidMessage, or MessageTooBig when its properties alone leave no room.
 */
export function encodeChunks(message: OutgoingMessage, settings: EntrySettings): EncodedEntry[] {
  const prepared = prepareEntry([message], settings);
  const { payload } = prepared;
  const tagBytes = settings.encrypt === undefined ? 0 : TAG_BYTES;
  const fieldBytes = metadataSizer(settings);
  const wholeBytes = ENTRY_HEADER_BYTES + fieldBytes(prepared.fields) + payload.length + tagBytes;
  const maxBytes = settings.maxMessageBytes - BOOKIE_HEADER_BYTES;
  if (wholeBytes <= maxBytes) return [encodeEntry([message], settings)];
  const { sequenceId, transaction } = message;
  const uuid = `${settings.producerName}-${sequenceId}`;
  const chunkFields = (chunkId: number, numChunksFromMsg: number) => ({
    ...prepared.fields,
    uuid,
    chunkId,
    numChunksFromMsg,
    totalChunkMsgSize: payload.length,
  });
  const mostChunks = payload.length;
  const room = maxBytes - ENTRY_HEADER_BYTES - tagBytes - fieldBytes(chunkFields(mostChunks, mostChunks));
  if (room < 1) throw new PulsarError('MessageTooBig', 'the properties leave no room for a chunk of the message');
  const count = Math.ceil(payload.length / room);
  return Array.from({ length: count }, (_, chunkId) => {
    const part = payload.subarray(chunkId * room, (chunkId + 1) * room);
    const headersAndPayload = sealEntry({ fields: chunkFields(chunkId, count), payload: part }, settings);
    const chunk = { isFirst: chunkId === 0, isLast: chunkId === count - 1 };
    const ids = { lowestSequenceId: sequenceId, highestSequenceId: sequenceId };
    return { headersAndPayload, count: 1, ...ids, chunk, transaction };
  });
}

/** Bytes of the encoded metadata, with what encryption would add to it. */
function metadataSizer({ encrypt }: EntrySettings) {
  const added = encrypt?.(new Uint8Array(0)).fields ?? {};
  return (fields: PreparedEntry['fields']): number => MessageMetadata.encode({ ...fields, ...added }).length;
}

/** One entry of these messages, or, if chunks are allowed and there is only one, as many as it needs. Throws as {@link encodeEntry}. */
export function encodeEntries(
  messages: readonly OutgoingMessage[],
  isChunking: boolean,
  settings: EntrySettings,
): readonly EncodedEntry[] {
  const [only] = messages;
  if (!isChunking || only === undefined || messages.length > 1) return [encodeEntry(messages, settings)];
  return encodeChunks(only, settings);
}
