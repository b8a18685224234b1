import type { CommandInput } from './commands.ts';
import { crc32c } from './crc32c.ts';
import { encodePayloadCommand } from './frame.ts';
import { BrokerEntryMetadata, MessageMetadata } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

const MAGIC_CHECKSUM = 0x0e01;
const MAGIC_BROKER_ENTRY = 0x0e02;

/** Headers and payload of an entry, taken apart. Buffers are views of what was given. */
export type ParsedPayload =
  | {
      readonly checksumOk: true;
      readonly brokerEntryMetadata: BrokerEntryMetadata | undefined;
      readonly metadata: MessageMetadata;
      /** Bytes of the encoded metadata; `metadataSize + payload.length` is what the broker's maximal message size limits. */
      readonly metadataSize: number;
      readonly payload: Buffer;
    }
  | { readonly checksumOk: false };

/** `[0x0e01][crc32c][metadataSize][metadata][payload]`: what SEND carries, and what a broker stores and replays as it is. */
export function encodePayload(metadata: Uint8Array, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(10 + metadata.length + payload.length);
  bytes.writeUInt16BE(MAGIC_CHECKSUM, 0);
  bytes.writeUInt32BE(metadata.length, 6);
  bytes.set(metadata, 10);
  bytes.set(payload, 10 + metadata.length);
  bytes.writeUInt32BE(crc32c(bytes, 6), 2);
  return bytes;
}

/**
 * The first part of what `encodePayload` makes; the payload is the second and is not copied: neither may be changed while
 * they may still be sent.
 */
export function encodePayloadHead(metadata: Uint8Array, payload: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(10 + metadata.length);
  head.writeUInt16BE(MAGIC_CHECKSUM, 0);
  head.writeUInt32BE(metadata.length, 6);
  head.set(metadata, 10);
  head.writeUInt32BE(crc32c(payload, 0, payload.length, crc32c(head, 6)), 2);
  return head;
}

/** A whole SEND frame; write the buffers one after the other. `metadata` is an encoded MessageMetadata. */
export function encodeSend(
  fields: CommandInput<'SEND'>,
  metadata: Uint8Array,
  payload: Uint8Array,
): [Buffer, Uint8Array] {
  return encodePayloadCommand('SEND', fields, encodePayload(metadata, payload));
}

/**
 * Takes `headersAndPayload` of a frame apart. A wrong checksum is a result, since the reader must then discard the entry and
 * go on; an absent checksum counts as right. Malformed headers throw `ProtocolError`.
 */
export function parsePayload(headersAndPayload: Buffer): ParsedPayload {
  let position = 0;
  let brokerEntryMetadata: BrokerEntryMetadata | undefined;
  if (magicAt(headersAndPayload, position) === MAGIC_BROKER_ENTRY) {
    const end = sizedEnd(headersAndPayload, position + 2);
    brokerEntryMetadata = BrokerEntryMetadata.decode(headersAndPayload, position + 6, end);
    position = end;
  }
  if (magicAt(headersAndPayload, position) === MAGIC_CHECKSUM) {
    if (headersAndPayload.length < position + 6) throw new ProtocolError('an entry ends within its checksum');
    const expected = headersAndPayload.readUInt32BE(position + 2);
    position += 6;
    if (crc32c(headersAndPayload, position) !== expected) return { checksumOk: false };
  }
  const end = sizedEnd(headersAndPayload, position);
  const metadata = MessageMetadata.decode(headersAndPayload, position + 4, end);
  const payload = headersAndPayload.subarray(end);
  return { checksumOk: true, brokerEntryMetadata, metadata, metadataSize: end - position - 4, payload };
}

function magicAt(bytes: Buffer, position: number): number {
  return bytes.length >= position + 2 ? bytes.readUInt16BE(position) : 0;
}

function sizedEnd(bytes: Buffer, position: number): number {
  if (bytes.length < position + 4) throw new ProtocolError('an entry ends within a size');
  const end = position + 4 + bytes.readUInt32BE(position);
  if (end > bytes.length) throw new ProtocolError('metadata is longer than its entry');
  return end;
}
