import type { MessageIdParts } from '../../core/message-id.ts';
import type { MessageIdInput } from '../protocol/index.ts';
import { entriesByKey } from './ack-commands.ts';
import type { ChunkedMessages } from './chunked-messages.ts';
import { DeadLetters } from './dead-letters.ts';
import type { LogLevelName } from './log.ts';
import { RedeliveryTimer } from './redelivery-timer.ts';
import type { TopicConsumerOptions } from './topic-consumer-options.ts';

/** What redeliveries need of their consumer. */
export interface RedeliveriesHost {
  readonly log: (level: LogLevelName, message: string) => void;
  readonly chunked: () => ChunkedMessages;
  readonly acknowledge: (id: MessageIdParts) => Promise<unknown> | undefined;
  /** Has these entries delivered again. */
  readonly askAgain: (entries: ReadonlyMap<string, MessageIdInput>) => void;
}

/** The messages of a topic that come again, by negative acknowledgement or for want of one, or become dead letters. */
export class Redeliveries {
  readonly unacked: RedeliveryTimer | undefined;
  readonly deadLetters: DeadLetters | undefined;
  private readonly negativeAcks: RedeliveryTimer;
  private readonly host: RedeliveriesHost;
  private isEnded = false;

  constructor(options: TopicConsumerOptions, host: RedeliveriesHost) {
    this.host = host;
    const { ackTimeoutMs, deadLetters, negativeAckDelayMs } = options;
    const redeliver = (ids: readonly MessageIdParts[]) => this.redeliver(ids);
    this.negativeAcks = new RedeliveryTimer(negativeAckDelayMs, redeliver);
    this.unacked = ackTimeoutMs > 0 ? new RedeliveryTimer(ackTimeoutMs, redeliver) : undefined;
    this.deadLetters = deadLetters && new DeadLetters(deadLetters, (message) => host.log('ERROR', message));
  }

  /** A message was acknowledged. */
  settled(id: MessageIdParts): void {
    this.unacked?.remove(id);
    this.negativeAcks.remove(id);
  }

  /** All messages up to one were acknowledged. */
  settledThrough(id: MessageIdParts): void {
    this.unacked?.removeThrough(id);
    this.negativeAcks.removeThrough(id);
  }

  negativeAcknowledge(id: MessageIdParts): void {
    if (this.isEnded) return;
    this.unacked?.remove(id);
    this.negativeAcks.add(id);
  }

  /** Asks for entries again, but for those that become dead letters. */
  redeliver(ids: readonly MessageIdParts[]): void {
    if (this.deadLetters === undefined) this.ask(ids);
    else this.buryOrAsk(this.deadLetters, ids);
  }

  private async buryOrAsk(deadLetters: DeadLetters, ids: readonly MessageIdParts[]): Promise<void> {
    const { buried, failed, rest } = await deadLetters.bury(ids);
    if (this.isEnded) return;
    await Promise.allSettled(buried.map(async (id) => this.host.acknowledge(id)));
    for (const id of failed) this.negativeAcks.add(id);
    if (rest.length > 0) this.ask(rest);
  }

  private ask(ids: readonly MessageIdParts[]): void {
    this.host.askAgain(entriesByKey(this.host.chunked().entriesOf(ids)));
  }

  /** Nothing is waited for any more: what was delivered and not acknowledged comes again by itself. */
  clear(): void {
    this.negativeAcks.clear();
    this.unacked?.clear();
    this.deadLetters?.clear();
  }

  /** The consumer has ended. */
  end(): void {
    this.isEnded = true;
    this.clear();
    this.deadLetters?.close().catch(() => undefined);
  }
}
