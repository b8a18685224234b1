import type { MessageIdParts } from '../../core/message-id.ts';
import type { CommandFields } from '../protocol/index.ts';
import { type Chunk, ChunkAssembler, type ChunkLimits } from './chunk-assembler.ts';
import { ChunkIds } from './chunk-ids.ts';
import { type CorruptEntry, decodeAssembled, type EntryContext, rawMessage } from './decode-entry.ts';
import type { IncomingMessage } from './incoming-message.ts';

/** What a consumer has to do after a chunk came. `duplicate`: acknowledge that entry; `broken`: chunks before the last are missing. */
export type ChunkDelivery =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'message'; readonly message: IncomingMessage }
  | { readonly kind: 'corrupt'; readonly raw: IncomingMessage; readonly entry: CorruptEntry }
  | { readonly kind: 'broken'; readonly raw: IncomingMessage; readonly ids: readonly MessageIdParts[] };

/** A chunk with the command that brought it. */
interface DeliveredChunk extends Chunk {
  readonly command: CommandFields<'MESSAGE'>;
}

/** Limits, and what becomes of messages that are given up; `raw`: the last chunk as it came, if only others are missing. */
export interface ChunkedLimits extends Omit<ChunkLimits, 'onGivenUp'> {
  readonly onGivenUp: (
    ids: readonly MessageIdParts[],
    reason: 'full' | 'expired' | 'replaced',
    raw: IncomingMessage | undefined,
  ) => void;
}

/** The chunked messages of one consumer: puts them together, and knows what an acknowledgement of one stands for. */
export class ChunkedMessages {
  private readonly assembler: ChunkAssembler<DeliveredChunk>;
  private readonly ids = new ChunkIds();
  private readonly context: EntryContext;

  constructor(context: EntryContext, limits: ChunkedLimits) {
    this.context = context;
    const onGivenUp: ChunkLimits<DeliveredChunk>['onGivenUp'] = (ids, reason, last) => {
      if (last !== undefined) this.ids.note([...ids.filter((id) => id !== last.messageId), last.messageId]);
      limits.onGivenUp(ids, reason, last && rawMessage(last.command, last, context));
    };
    this.assembler = new ChunkAssembler({ ...limits, onGivenUp });
  }

  get hasIncomplete(): boolean {
    return !this.assembler.isEmpty;
  }

  /** Takes a chunk; with the last one that was missing the message is complete. */
  take(command: CommandFields<'MESSAGE'>, chunk: Chunk): ChunkDelivery {
    const outcome = this.assembler.add({ ...chunk, command }, performance.now());
    if (outcome.kind === 'waiting' || outcome.kind === 'duplicate') return outcome;
    this.ids.note(outcome.ids);
    if (outcome.kind === 'broken') {
      return { kind: 'broken', raw: rawMessage(command, chunk, this.context), ids: outcome.ids };
    }
    const { metadata } = outcome.last;
    const entry = { metadata, payload: outcome.payload };
    const decoded = decodeAssembled(outcome.last.command, entry, this.context);
    if (decoded.kind === 'corrupt') return decoded;
    const message = decoded.messages[0] as IncomingMessage;
    const messageId = { ...message.messageId, firstChunk: outcome.ids[0] };
    const isEncrypted = metadata.encryptionKeys.length > 0;
    const encryption = isEncrypted ? { metadata, isDecryptionFailed: false } : undefined;
    return { kind: 'message', message: { ...message, messageId, encryption } };
  }

  /** The entries that these messages consist of, which are then forgotten: they are acknowledged, or asked for again. */
  entriesOf(ids: readonly MessageIdParts[]): readonly MessageIdParts[] {
    return this.ids.take(ids);
  }

  /** What a cumulative acknowledgement of `id` may cover: never the first chunk of a message that is not complete. */
  limitCumulative(id: MessageIdParts): MessageIdParts {
    const limited = this.assembler.isEmpty ? id : this.assembler.limitCumulative(id);
    this.ids.forgetThrough(limited);
    return limited;
  }

  /** Gives up what was waited for too long; see `ChunkAssembler.expire`. */
  expire(logTimeMs: number): void {
    if (!this.assembler.isEmpty) this.assembler.expire(performance.now(), logTimeMs);
  }

  /** Drops incomplete messages: their chunks come again. */
  restart(): void {
    this.assembler.clear();
  }

  /** Forgets everything: all messages come again, or none of them. */
  clear(): void {
    this.assembler.clear();
    this.ids.clear();
  }
}
