import type { MessageIdParts } from '../../core/message-id.ts';
import { MessageIdData } from '../protocol/index.ts';
import { bytesOption } from './option-values.ts';

const LATEST = Number.MAX_SAFE_INTEGER;

/** Place of a message in its topic. */
export class MessageId {
  /** Numbers of the id; an addition to npm `pulsar-client`. */
  readonly parts: MessageIdParts;
  /** Topic of the message; absent for an id that was deserialized. */
  readonly topic: string | undefined;

  constructor(parts: MessageIdParts, topic?: string) {
    this.parts = parts;
    this.topic = topic;
  }

  /** Before the first message of a topic. */
  static earliest(): MessageId {
    return new MessageId({ ledgerId: -1, entryId: -1, partition: -1, batchIndex: -1 });
  }

  /** After the last message of a topic. */
  static latest(): MessageId {
    return new MessageId({ ledgerId: LATEST, entryId: LATEST, partition: -1, batchIndex: -1 });
  }

  /** Reads what `serialize` of any Pulsar client wrote. Throws for anything else. */
  static deserialize(data: Uint8Array): MessageId {
    const bytes = bytesOption(data);
    if (bytes === undefined) throw new Error('Expected buffer as first argument');
    const id = MessageIdData.decode(bytes);
    const firstChunk = id.firstChunkMessageId && toParts(id.firstChunkMessageId);
    return new MessageId({ ...toParts(id), ...(firstChunk && { firstChunk }) });
  }

  /** Protobuf MessageIdData. */
  serialize(): Buffer {
    const { firstChunk } = this.parts;
    return MessageIdData.encode({
      ...wireId(this.parts),
      firstChunkMessageId: firstChunk && wireId(firstChunk),
    });
  }

  /** `(ledger,entry,partition,batchIndex)`; of a chunked message the first and the last chunk, with `;` between. */
  toString(): string {
    const { firstChunk } = this.parts;
    return firstChunk === undefined ? idText(this.parts) : `${idText(firstChunk)};${idText(this.parts)}`;
  }
}

type WireId = Pick<MessageIdData, 'ledgerId' | 'entryId' | 'partition' | 'batchIndex' | 'batchSize'>;

function toParts({ ledgerId, entryId, partition, batchIndex, batchSize }: WireId): MessageIdParts {
  return { ledgerId, entryId, partition: partition ?? -1, batchIndex: batchIndex ?? -1, batchSize };
}

function wireId({ ledgerId, entryId, partition = -1, batchIndex, batchSize = 0 }: MessageIdParts) {
  return {
    ledgerId,
    entryId,
    partition: partition === -1 ? undefined : partition,
    batchIndex: batchIndex === -1 ? undefined : batchIndex,
    batchSize: batchSize === 0 ? undefined : batchSize,
  };
}

function idText({ ledgerId, entryId, partition = -1, batchIndex }: MessageIdParts): string {
  const whole = (id: number) => (id === LATEST ? '9223372036854775807' : String(id));
  return `(${whole(ledgerId)},${whole(entryId)},${partition},${batchIndex})`;
}
