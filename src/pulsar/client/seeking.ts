import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { CommandInput } from '../protocol/index.ts';
import type { Reading } from './reading.ts';

/** Where a seek goes. */
export type SeekTarget = { readonly id: MessageIdParts } | { readonly publishTimeMs: number };

/** What a seek needs of its consumer. */
export interface SeekHost {
  /** Sends SEEK; resolves when the broker has answered. */
  send(where: Omit<CommandInput<'SEEK'>, 'consumerId' | 'requestId'>): Promise<unknown>;
  /** What was known of messages before the seek is void. */
  forgetMessages(): void;
  /** Subscribes anew where the subscription stands: what came during a seek that failed was dropped. */
  startAgain(): void;
}

function whereOf(target: SeekTarget): Parameters<SeekHost['send']>[0] {
  if (!('id' in target)) return { messagePublishTime: target.publishTimeMs };
  const { ledgerId, entryId } = target.id.firstChunk ?? target.id;
  return { messageId: { ledgerId, entryId } };
}

/** The seek of a consumer: the broker closes the consumer on the way, and it is over when it is attached again. */
export class Seeking {
  private readonly host: SeekHost;
  private readonly reading: Pick<Reading, 'start'>;
  private readonly isInclusive: boolean;
  private attached: PromiseWithResolvers<void> | undefined;
  private answered: Promise<void> = Promise.resolve();
  private isDetached = false;
  private isAttached = false;

  constructor(host: SeekHost, reading: Pick<Reading, 'start'>, isInclusive: boolean) {
    this.host = host;
    this.reading = reading;
    this.isInclusive = isInclusive;
  }

  get isUnderWay(): boolean {
    return this.attached !== undefined;
  }

  /** What comes now is from before the seek. */
  get isBeforeTarget(): boolean {
    return this.isUnderWay && !this.isAttached;
  }

  /** Waits for the broker's answer, if one is due: only then is it known where the consumer goes on. */
  async settled(): Promise<void> {
    await this.answered.catch(() => undefined);
  }

  /** Moves the subscription; resolves when messages come from there. What was received before is dropped. */
  async seek(target: SeekTarget): Promise<void> {
    if (this.isUnderWay) throw new PulsarError('NotAllowedError', 'another seek is under way');
    const attached = Promise.withResolvers<void>();
    attached.promise.catch(() => undefined);
    this.attached = attached;
    this.isDetached = this.isAttached = false;
    this.answered = this.ask(target);
    try {
      await this.answered;
    } catch (error) {
      this.attached = undefined;
      this.host.startAgain();
      throw error;
    }
    if (!this.isDetached) this.end();
    await attached.promise.finally(() => {
      this.attached = undefined;
    });
  }

  private async ask(target: SeekTarget): Promise<void> {
    await this.host.send(whereOf(target));
    this.reading.start = 'id' in target ? { id: target.id, isInclusive: this.isInclusive } : undefined;
  }

  /** The consumer is no longer attached. */
  detach(): void {
    this.isDetached = true;
  }

  /** The consumer is attached at the target. */
  end(): void {
    this.isAttached = true;
    this.host.forgetMessages();
    this.attached?.resolve();
  }

  /** The consumer has ended. */
  fail(reason: PulsarError): void {
    this.attached?.reject(reason);
  }
}
