import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import { AckType, type MessageIdInput } from '../protocol/index.ts';
import { entriesByKey } from './ack-commands.ts';
import type { ChunkedMessages } from './chunked-messages.ts';
import { EntryAcks } from './entry-acks.ts';

/** What acknowledgements need of their consumer. */
interface AckContext {
  /** The subscription has one active consumer. */
  readonly mayBeCumulative: boolean;
  readonly subscriptionType: string;
  readonly isDurable: boolean;
  /** Throws the reason when the consumer has ended. */
  readonly requireOpen: () => void;
  /** Writes ACK; with `wait` resolves with the broker's answer. */
  readonly send: (ackType: AckType, ids: MessageIdInput[], wait: boolean) => Promise<void>;
}

/** Acknowledgements of a session's consumer: of whole entries, once all messages of one are acknowledged. */
export class SessionAcks {
  readonly entries = new EntryAcks();
  private readonly chunked: ChunkedMessages;
  private readonly context: AckContext;
  /** What was acknowledged cumulatively, as far as an incomplete message did not let it through. */
  private heldBack: MessageIdParts | undefined;

  constructor(chunked: ChunkedMessages, context: AckContext) {
    this.chunked = chunked;
    this.context = context;
  }

  async cumulative(id: MessageIdParts, wait: boolean): Promise<void> {
    this.context.requireOpen();
    if (!this.context.mayBeCumulative) {
      const message = `a ${this.context.subscriptionType} subscription cannot acknowledge cumulatively`;
      throw new PulsarError('CumulativeAcknowledgementNotAllowedError', message);
    }
    const limited = this.chunked.limitCumulative(id);
    this.heldBack = limited === id ? undefined : id;
    const isWhole = limited.batchIndex < 0 || limited.batchIndex === (limited.batchSize ?? 0) - 1;
    const { ledgerId } = limited;
    const entryId = isWhole ? limited.entryId : limited.entryId - 1;
    if (entryId < 0) return;
    this.entries.forgetThrough(ledgerId, entryId);
    await this.context.send(AckType.Cumulative, [{ ledgerId, entryId }], wait);
  }

  async individual(ids: readonly MessageIdParts[], wait: boolean): Promise<void> {
    this.context.requireOpen();
    const whole = entriesByKey(this.chunked.entriesOf(ids.filter((id) => this.entries.add(id))));
    if (whole.size > 0) await this.context.send(AckType.Individual, [...whole.values()], wait);
  }

  /** Chunks that no message will ever need: acknowledged one by one, and with them what they held back. */
  settleChunks(ids: readonly MessageIdParts[]): void {
    if (!this.context.isDurable) return;
    this.individual(ids, false).catch(() => undefined);
    if (this.heldBack !== undefined) this.cumulative(this.heldBack, false).catch(() => undefined);
  }

  /** Everything comes again. */
  forgetHeldBack(): void {
    this.heldBack = undefined;
  }
}
