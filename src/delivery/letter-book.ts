import { PulsarIoError } from '../core/errors.ts';
import { compareMessageIds, type MessageIdParts } from '../core/message-id.ts';
import { keyHash, MAX_PARKED_KEYS, type SinkBook } from '../core/sink-book.ts';
import type { OpenBook } from './open-book.ts';
import type { SinkItem } from './sink-batch.ts';

/** How a letter book is kept. */
export interface LetterBookOptions {
  readonly book: OpenBook;
  /** True: the later records of a dead-lettered key are dead-lettered behind it. */
  readonly parksKeys: boolean;
  /** True: what is stored of decided letters lies ahead of a frontier. Without one, a delivery may repeat what was settled. */
  readonly hasFrontier: boolean;
}

/**
 * Which records are dead letters before they are published as such. It is written down first, so that a run that goes on behind a crash
 * writes none of them into a target that takes it meanwhile, and lets none pass an earlier one of its key.
 */
export interface LetterBook {
  /** Why a record must not be written; undefined when it may. */
  refusal(item: SinkItem): PulsarIoError | undefined;
  /** Writes down that a record is a dead letter. Throws `PIO_FENCED`, and `PIO_PARKED_KEYS_FULL`. */
  decide(item: SinkItem): Promise<void>;
  /** True when records behind a dead letter with this key are dead letters. */
  holdsBack(key: string | undefined): boolean;
  /** True when a record that fails must not go behind others: nothing becomes of it and of what follows. */
  staysInPlace?(item: SinkItem): boolean;
}

/** The book of records that come from the input. */
export const inputLetters = ({ book, parksKeys, hasFrontier }: LetterBookOptions): LetterBook => {
  const holdsBack = (key: string | undefined) =>
    parksKeys && key !== undefined && book.content.parked?.[keyHash(key)] !== undefined;
  return {
    holdsBack,
    refusal: ({ record: { messageId, key } }) => {
      if (holdsBack(key)) return followsLetter();
      return hasFrontier && isUpTo(messageId, book.content.lettered) ? wasDecided() : undefined;
    },
    decide: async ({ record: { messageId, key } }) => {
      const parked = parksKeys && key !== undefined ? withKey(book, key, 0) : book.content.parked;
      const lettered = hasFrontier ? furthest(messageId, book.content.lettered) : book.content.lettered;
      await note(book, { lettered, parked });
    },
  };
};

/**
 * The book of letters in `letterTopic` that redrive `redrive` sends back; `onlyParked`: others might undo a newer record of their key. Of a part of the letters, one of a parked key
 * that fails again stays where it is: behind the others it would come after later ones of its key.
 */
export const redriveLetters = (
  book: OpenBook,
  letterTopic: string,
  { redrive, onlyParked }: { readonly redrive: number; readonly onlyParked: boolean },
): LetterBook => {
  /** In another topic, ids are in an order of their own. */
  const decidedUpTo = () => {
    const { relettered } = book.content;
    return relettered?.letterTopic === letterTopic ? relettered : undefined;
  };
  const stateOf = (key: string | undefined) => (key === undefined ? undefined : book.content.parked?.[keyHash(key)]);
  const holdsBack = (key: string | undefined) => stateOf(key) === redrive;
  return {
    holdsBack,
    staysInPlace: ({ record: { key } }) => book.content.redriving?.isPart === true && stateOf(key) !== undefined,
    refusal: ({ record: { messageId, key } }) => {
      if (holdsBack(key) || (onlyParked && stateOf(key) === undefined)) return followsLetter();
      return isUpTo(messageId, decidedUpTo()) ? wasDecided() : undefined;
    },
    decide: async ({ record: { messageId, key } }) => {
      const parked =
        key !== undefined && stateOf(key) !== undefined ? withKey(book, key, redrive) : book.content.parked;
      await note(book, { relettered: furthest({ ...messageId, letterTopic }, decidedUpTo()), parked });
    },
  };
};

const isUpTo = (id: MessageIdParts, end: MessageIdParts | undefined): boolean =>
  end !== undefined && compareMessageIds(id, end) <= 0;

type Decided = { readonly [Name in 'lettered' | 'relettered' | 'parked']?: SinkBook[Name] | undefined };

/** A run that publishes again what an earlier one decided must not take back what that one decided behind it. */
const furthest = <I extends MessageIdParts>(id: I, end: I | undefined): I =>
  end !== undefined && isUpTo(id, end) ? end : id;

/** Stores what is new; nothing when all of it is known. */
const note = async (book: OpenBook, change: Decided): Promise<void> => {
  const added = Object.entries(change).filter(([name, value]) => value !== book.content[name as keyof SinkBook]);
  if (added.length > 0) await book.change(Object.fromEntries(added));
};

const withKey = (
  { content: { parked = {} } }: OpenBook,
  key: string,
  redrive: number,
): Readonly<Record<string, number>> => {
  const name = keyHash(key);
  if (parked[name] === redrive) return parked;
  if (parked[name] === undefined && Object.keys(parked).length >= MAX_PARKED_KEYS) {
    const problem = `the records of ${MAX_PARKED_KEYS} keys wait in the dead-letter topic, no more are taken; send dead letters back (POST dead-letters) or drop them`;
    throw new PulsarIoError('PIO_PARKED_KEYS_FULL', problem);
  }
  return { ...parked, [name]: redrive };
};

const followsLetter = (): PulsarIoError =>
  new PulsarIoError('PIO_KEY_PARKED', 'an earlier record of this key is a dead letter, and this one stays behind it');

const wasDecided = (): PulsarIoError =>
  new PulsarIoError(
    'PIO_SINK_REJECTED',
    'it was found to be a dead letter by a run that ended before it was published',
  );
