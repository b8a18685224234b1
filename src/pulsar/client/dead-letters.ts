import type { MessageIdParts } from '../../core/message-id.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { MessageId } from './message-id.ts';

/** What becomes of messages that were delivered too often (PULSAR-WIRE 5.7). */
export interface DeadLetterOptions {
  /** A message is delivered once and then so many times again. */
  readonly maxRedeliverCount: number;
  /** Publishes a dead letter; resolves when the broker has it. */
  readonly send: (message: IncomingMessage, properties: Readonly<Record<string, string>>) => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

function keyOf({ ledgerId, entryId }: MessageIdParts): string {
  return `${ledgerId}:${entryId}`;
}

/** The messages of a topic that become dead letters instead of being redelivered once more. */
export class DeadLetters {
  private readonly options: DeadLetterOptions;
  private readonly log: (message: string) => void;
  /** Delivered for the last time, by entry. */
  private lastChances = new Map<string, readonly IncomingMessage[]>();

  constructor(options: DeadLetterOptions, log: (message: string) => void) {
    this.options = options;
    this.log = log;
  }

  /** Notes messages of an entry that arrive; true when they must not be delivered any more: `bury` them. */
  note(messages: readonly IncomingMessage[]): boolean {
    const [first] = messages;
    if (first === undefined || first.redeliveryCount < this.options.maxRedeliverCount) return false;
    this.lastChances.set(keyOf(first.messageId), messages);
    return first.redeliveryCount > this.options.maxRedeliverCount;
  }

  /** An entry's message was acknowledged: it is no dead letter. */
  forget({ batchIndex, ...id }: MessageIdParts): void {
    if (this.lastChances.size === 0) return;
    const key = keyOf({ ...id, batchIndex });
    const left = this.lastChances.get(key)?.filter((one) => one.messageId.batchIndex !== batchIndex);
    if (left === undefined) return;
    if (left.length === 0 || batchIndex < 0) this.lastChances.delete(key);
    else this.lastChances.set(key, left);
  }

  /**
   * Publishes those of the entries that had their last chance. Gives the messages that are dead letters now, to be acknowledged, the ids
   * of those that cannot be published now, and the ids that are to be redelivered.
   */
  async bury(ids: readonly MessageIdParts[]): Promise<Record<'buried' | 'failed' | 'rest', MessageIdParts[]>> {
    const outcome = { buried: [], failed: [], rest: [] } as Record<'buried' | 'failed' | 'rest', MessageIdParts[]>;
    const { lastChances } = this;
    for (const id of ids) {
      const messages = lastChances.get(keyOf(id));
      lastChances.delete(keyOf(id));
      if (messages === undefined) outcome.rest.push(id);
      else if (await this.publish(messages)) outcome.buried.push(...messages.map((one) => one.messageId));
      else {
        lastChances.set(keyOf(id), messages);
        outcome.failed.push(id);
      }
    }
    return outcome;
  }

  private async publish(messages: readonly IncomingMessage[]): Promise<boolean> {
    try {
      await Promise.all(
        messages.map((message) => {
          const origin = { ORIGIN_MESSAGE_ID: new MessageId(message.messageId).toString(), REAL_TOPIC: message.topic };
          return this.options.send(message, { ...message.properties, ...origin });
        }),
      );
      return true;
    } catch (error) {
      this.log(`a dead letter cannot be published, it is tried again later: ${error}`);
      return false;
    }
  }

  /** Forgets what is delivered: it comes again. */
  clear(): void {
    this.lastChances = new Map();
  }

  close(): Promise<unknown> {
    return this.options.close();
  }
}
