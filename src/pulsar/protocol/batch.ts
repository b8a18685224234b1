import { SingleMessageMetadata, type SingleMessageMetadataInput } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';
import { Writer } from './writer.ts';

/** One message to put in a batch. */
export interface BatchInput {
  /** `payloadSize` is filled in; a metadata that has it already is written as it is. */
  readonly metadata: Omit<SingleMessageMetadataInput, 'payloadSize'> & { readonly payloadSize?: number };
  readonly payload: Uint8Array;
}

/** One message of a batch; `payload` is a view of the batch. */
export interface BatchMessage {
  readonly metadata: SingleMessageMetadata;
  readonly payload: Buffer;
}

function sized(metadata: BatchInput['metadata'], payloadSize: number): SingleMessageMetadataInput {
  if (metadata.payloadSize === payloadSize) return metadata as SingleMessageMetadataInput;
  return { ...metadata, payloadSize };
}

/** Concatenates messages as `([u32 size][SingleMessageMetadata][payload])*`: a batch before compression. */
export function encodeBatch(messages: readonly BatchInput[]): Buffer {
  const singles: SingleMessageMetadataInput[] = [];
  const sizes: number[] = [];
  let total = 0;
  for (const { metadata, payload } of messages) {
    const single = sized(metadata, payload.length);
    const size = SingleMessageMetadata.bodySize(single);
    singles.push(single);
    sizes.push(size);
    total += 4 + size + payload.length;
  }
  const writer = new Writer(Buffer.allocUnsafeSlow(total));
  for (let index = 0; index < messages.length; index++) {
    const { payload } = messages[index] as BatchInput;
    writer.writeFixed32(sizes[index] as number);
    SingleMessageMetadata.writeBody(writer, singles[index] as SingleMessageMetadataInput);
    writer.bytes.set(payload, writer.position);
    writer.position += payload.length;
  }
  return writer.bytes;
}

/** Takes an uncompressed batch of `count` messages apart; throws `ProtocolError` when it does not hold that many. */
export function decodeBatch(batch: Buffer, count: number): BatchMessage[] {
  const messages: BatchMessage[] = [];
  let position = 0;
  for (let index = 0; index < count; index++) {
    if (batch.length < position + 4) throw new ProtocolError(`a batch of ${count} messages ends at message ${index}`);
    const metadataEnd = position + 4 + batch.readUInt32BE(position);
    if (metadataEnd > batch.length) throw new ProtocolError('metadata is longer than its batch');
    const metadata = SingleMessageMetadata.decode(batch, position + 4, metadataEnd);
    position = metadataEnd + metadata.payloadSize;
    if (metadata.payloadSize < 0 || position > batch.length)
      throw new ProtocolError('a message is longer than its batch');
    messages.push({ metadata, payload: batch.subarray(metadataEnd, position) });
  }
  return messages;
}
