import { SingleMessageMetadata, type SingleMessageMetadataInput } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';
import { Writer } from './writer.ts';

/** One message to put in a batch. */
export interface BatchInput {
  /** `payloadSize` is filled in; a metadata that has it already is written as it is. */
  readonly metadata: Omit<SingleMessageMetadataInput, 'payloadSize'> & { readonly payloadSize?: number | undefined };
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

/** Concatenates messages as `([u32 size][SingleMessageMetadata][payload])*`: a batch before compression, in memory from `allocate`. */
export function encodeBatch(
  messages: readonly BatchInput[],
  allocate: (bytes: number) => Buffer = Buffer.allocUnsafeSlow,
): Buffer {
  const singles = messages.map(({ metadata, payload }) => sized(metadata, payload.length));
  const sizes = singles.map((single) => SingleMessageMetadata.bodySize(single));
  const total = messages.reduce((sum, { payload }, index) => sum + 4 + (sizes[index] as number) + payload.length, 0);
  const writer = new Writer(allocate(total));
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
