import { SingleMessageMetadata, type SingleMessageMetadataInput } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';
import { Writer } from './writer.ts';

/** One message to put in a batch. */
export interface BatchInput {
  readonly metadata: Omit<SingleMessageMetadataInput, 'payloadSize'>;
  readonly payload: Uint8Array;
}

/** One message of a batch; `payload` is a view of the batch. */
export interface BatchMessage {
  readonly metadata: SingleMessageMetadata;
  readonly payload: Buffer;
}

/** Concatenates messages as `([u32 size][SingleMessageMetadata][payload])*`: a batch before compression. */
export function encodeBatch(messages: readonly BatchInput[]): Buffer {
  const sized = messages.map(({ metadata, payload }) => {
    const single = { ...metadata, payloadSize: payload.length };
    return { single, singleSize: SingleMessageMetadata.bodySize(single), payload };
  });
  const total = sized.reduce((sum, { singleSize, payload }) => sum + 4 + singleSize + payload.length, 0);
  const writer = new Writer(Buffer.allocUnsafe(total));
  for (const { single, singleSize, payload } of sized) {
    writer.position = writer.bytes.writeUInt32BE(singleSize, writer.position);
    SingleMessageMetadata.writeBody(writer, single);
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
