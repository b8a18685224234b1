import type { MessageIdParts } from '../../core/message-id.ts';
import type { CommandFields } from '../protocol/index.ts';
import type { AckGrouping } from './ack-grouping.ts';
import { type Chunk, INCOMPLETE_EXPIRES_MS } from './chunk-assembler.ts';
import { ChunkedMessages } from './chunked-messages.ts';
import type { ClientContext } from './client-context.ts';
import type { DeadLetters } from './dead-letters.ts';
import { type CorruptEntry, decodeEntry, type EntryContext } from './decode-entry.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { payloadDecrypter } from './message-encryption.ts';
import type { ReadingStart } from './reading.ts';
import type { RedeliveryTimer } from './redelivery-timer.ts';
import { isBeforeStart } from './start-position.ts';
import { canOnlyRewind, type TopicConsumerOptions } from './topic-consumer-options.ts';

/** What arrivals need of their consumer. */
export interface ArrivalsHost {
  readonly acks: AckGrouping;
  readonly unacked: RedeliveryTimer | undefined;
  readonly deadLetters: DeadLetters | undefined;
  readonly start: () => ReadingStart | undefined;
  /** Whether a seek is under way: what comes is from before it. */
  readonly isSeeking: () => boolean;
  /** Gives permits back that no application will return by taking a message. */
  readonly release: (permits: number) => void;
  /** Acknowledges an entry as one that cannot be read. */
  readonly refuse: (entry: CorruptEntry) => void;
  readonly redeliver: (ids: readonly MessageIdParts[]) => void;
  /** Takes messages that the application is to see. */
  readonly deliver: (messages: readonly IncomingMessage[]) => void;
}

/** What becomes of what a broker sends before the application sees it: decoding, chunks, encryption, what is known already. */
export class Arrivals {
  readonly chunked: ChunkedMessages;
  private readonly context: ClientContext;
  private readonly options: TopicConsumerOptions;
  private readonly host: ArrivalsHost;
  private readonly entryContext: EntryContext;
  private chunkTimer: NodeJS.Timeout | undefined;

  constructor(context: ClientContext, options: TopicConsumerOptions, host: ArrivalsHost) {
    this.context = context;
    this.options = options;
    this.host = host;
    const { maxUncompressedBytes } = context;
    const decrypt =
      options.keyReader &&
      payloadDecrypter(options.keyReader, (error) => context.log('WARN', `a key of an encrypted message: ${error}`));
    this.entryContext = { topic: options.topic.fullName, maxUncompressedBytes, decrypt };
    this.chunked = new ChunkedMessages(this.entryContext, {
      maxPending: options.maxPendingChunkedMessages,
      maxBytes: maxUncompressedBytes,
      mayReorder: !canOnlyRewind(options.subscriptionType),
      onGivenUp: (ids, reason) => {
        if (reason !== 'full' || options.isOldestChunkedAcked) this.settle(ids);
        else this.leave(ids);
      },
    });
  }

  /** Takes one MESSAGE command. */
  take(command: CommandFields<'MESSAGE'>, headersAndPayload: Buffer): void {
    const decoded = decodeEntry(command, headersAndPayload, this.entryContext);
    if (this.host.isSeeking()) this.host.release(decoded.permits);
    else if (decoded.kind === 'messages') this.accept(decoded.messages, decoded.permits);
    else if (decoded.kind === 'chunk') this.takeChunk(command, decoded.chunk);
    else if (decoded.kind === 'corrupt') this.discard(decoded.entry, decoded.permits);
    else this.acceptEncrypted(decoded.raw, decoded.permits);
  }

  private takeChunk(command: CommandFields<'MESSAGE'>, chunk: Chunk): void {
    const delivery = this.chunked.take(command, chunk);
    this.watchChunks();
    if (delivery.kind === 'message') this.accept([delivery.message], 1);
    else if (delivery.kind === 'corrupt') this.discard(delivery.entry, 1);
    else this.host.release(1);
    if (delivery.kind === 'duplicate') this.settle([chunk.messageId]);
    if (delivery.kind === 'broken') this.giveUp(delivery.ids, delivery.raw.publishTimeMs);
  }

  /** Chunks without their beginning: given up when they are old, else they may come again together. */
  private giveUp(ids: readonly MessageIdParts[], publishTimeMs: number): void {
    const isOld = Date.now() - publishTimeMs >= INCOMPLETE_EXPIRES_MS;
    this.context.log('WARN', `chunks of a message before ${this.at(ids.at(-1))} are missing`);
    if (isOld) this.settle(ids);
    else this.leave(ids);
  }

  /** While messages are incomplete: gives up those that nothing comes for. */
  private watchChunks(): void {
    if (this.chunkTimer !== undefined || !this.chunked.hasIncomplete) return;
    this.chunkTimer = setTimeout(() => {
      this.chunkTimer = undefined;
      this.chunked.expire(Number.POSITIVE_INFINITY);
      this.watchChunks();
    }, INCOMPLETE_EXPIRES_MS / 10).unref();
  }

  private settle(ids: readonly MessageIdParts[]): void {
    if (!this.options.isDurable) return;
    for (const id of ids) this.host.acks.add(id)?.catch(() => undefined);
  }

  /** Leaves entries unacknowledged, to come again after the acknowledgement timeout. */
  private leave(ids: readonly MessageIdParts[]): void {
    for (const id of ids) this.host.unacked?.add(id);
  }

  private at(id: MessageIdParts | undefined): string {
    return `${id?.ledgerId}:${id?.entryId} of ${this.options.topic.fullName}`;
  }

  /** No key fits, or there are none: `cryptoFailureAction` says what then (PULSAR-WIRE 4). */
  private acceptEncrypted(raw: IncomingMessage, permits: number): void {
    const { cryptoFailureAction, topic } = this.options;
    const { messageId } = raw;
    if (cryptoFailureAction === 'CONSUME') this.accept([raw], permits);
    else if (cryptoFailureAction === 'DISCARD') {
      this.discard({ topic: topic.fullName, messageId, reason: 'DecryptionError' }, permits);
    } else {
      this.host.release(permits);
      this.leave([messageId]);
      this.context.log('ERROR', `${this.at(messageId)} cannot be decrypted; left unacknowledged`);
    }
  }

  private accept(messages: readonly IncomingMessage[], permits: number): void {
    const { acks, deadLetters, release } = this.host;
    const first = messages[0]?.messageId;
    if (first?.batchSize !== undefined && messages.length < first.batchSize) {
      const ids = messages.map(({ messageId }) => messageId);
      acks.entries.exclude(first.ledgerId, first.entryId, first.batchSize, ids);
    }
    const isNew = first !== undefined && this.host.start() === undefined && !acks.mayKnow(first);
    const wanted = isNew ? messages : messages.filter(({ messageId }) => this.isWanted(messageId));
    release(permits - wanted.length);
    if (wanted.length === 0) return;
    if (deadLetters?.note(wanted)) {
      release(wanted.length);
      this.host.redeliver(wanted.slice(0, 1).map(({ messageId }) => messageId));
      return;
    }
    this.host.deliver(wanted);
  }

  private isWanted(id: MessageIdParts): boolean {
    const start = this.host.start();
    if (start === undefined || !isBeforeStart(id, start.id, start.isInclusive)) {
      return !this.host.acks.isAcknowledged(id);
    }
    this.settle([id]);
    return false;
  }

  private discard(entry: CorruptEntry, permits: number): void {
    const { ledgerId, entryId } = entry.messageId;
    this.host.refuse(entry);
    this.host.release(permits);
    if (this.options.onCorrupt !== undefined) this.options.onCorrupt(entry);
    else this.context.log('ERROR', `entry ${ledgerId}:${entryId} of ${entry.topic} is discarded: ${entry.reason}`);
  }

  /** Nothing is waited for any more. */
  stop(): void {
    clearTimeout(this.chunkTimer);
  }
}
