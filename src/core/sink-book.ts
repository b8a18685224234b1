import { hash } from 'node:crypto';
import type { MessageIdParts } from './message-id.ts';

/** What is stored of a sink's topic-partition besides its frontier, in our own store. */
export interface SinkBook {
  /** An operator moved the subscription's cursor: the next run forgets the frontier and goes on from there. */
  readonly takesCursor?: boolean;
  /** Everything between the frontier and here was dead-lettered, or is about to be: it is not written. */
  readonly lettered?: MessageIdParts;
  /** Raised where an operator moved the cursor: letters from before have sequences that what comes now may have again, or lie above. */
  readonly letterSeries?: number;
  /** The same as {@link lettered} for dead letters that are sent back and fail again, in that dead-letter topic. */
  readonly relettered?: MessageIdParts & { readonly letterTopic: string };
  /** Keys, by {@link keyHash}, whose records wait in the dead-letter topic; the number is the redrive in which one failed again, or 0. */
  readonly parked?: Readonly<Record<string, number>>;
  /** The redrive that is under way, and the last letter that it sends back: what fails again lies behind; `isPart`: others that there were lie behind it, too. */
  readonly redriving?: { readonly number: number; readonly through: MessageIdParts; readonly isPart?: boolean };
  /** The last redrive that was carried out. */
  readonly redriven?: number;
}

/** The book of a topic-partition before anybody wrote into it. */
export const EMPTY_BOOK: SinkBook = {};

/** {@link SinkBook.lettered} where nothing was decided. */
export const NO_LETTER: MessageIdParts = { ledgerId: -1, entryId: -1, batchIndex: -1 };

/** Keys of one topic-partition that may wait at once. */
export const MAX_PARKED_KEYS = 1_000;

/** Name of the checkpoint that holds the book of a topic-partition: no topic's name begins so. */
export const bookOf = (topic: string): string => `#book:${topic}`;

/** What is stored of a key: keys may be long, and may be secrets. */
export const keyHash = (key: string): string => hash('sha256', key, 'hex').slice(0, 32);
