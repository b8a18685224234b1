import type { MessageIdParts } from '../../core/message-id.ts';
import type { TopicConsumerOptions } from './topic-consumer-options.ts';
import { isBehind, type ReadingPosition, type TopicEnd } from './topic-end.ts';

/** Where reading starts; the broker starts at the entry, the rest is ours to leave out. */
export interface ReadingStart {
  readonly id: MessageIdParts;
  readonly isInclusive: boolean;
}

/** How far a consumer has read its topic. */
export class Reading {
  /** Absent: where the cursor is. */
  start: ReadingStart | undefined;
  lastTaken: MessageIdParts | undefined;
  knownEnd: TopicEnd | undefined;

  constructor({ startMessageId, isStartInclusive }: TopicConsumerOptions) {
    this.start = startMessageId && { id: startMessageId, isInclusive: isStartInclusive };
  }

  /** Goes on after the newest message that was taken, if there is one. */
  resume(): void {
    if (this.lastTaken !== undefined) this.start = { id: this.lastTaken, isInclusive: false };
  }

  /** What was read is void: reading goes on elsewhere. */
  forget(): void {
    this.lastTaken = undefined;
    this.knownEnd = undefined;
  }

  /** Place of the newest message that was taken, or where reading starts. */
  get position(): ReadingPosition {
    if (this.lastTaken !== undefined) return { id: this.lastTaken, isInclusive: false };
    return { id: this.start?.id, isInclusive: this.start?.isInclusive === true };
  }

  /** Whether the topic, as last asked for, goes on after {@link position}. */
  get isBehindKnownEnd(): boolean {
    return this.knownEnd !== undefined && isBehind(this.position, this.knownEnd);
  }
}
