/** What is stored of a sink's topic-partition besides its frontier, in our own store. */
export interface SinkBook {
  /** An operator moved the subscription's cursor: the next run forgets the frontier and goes on from there. */
  readonly takesCursor?: boolean;
}

/** The book of a topic-partition before anybody wrote into it. */
export const EMPTY_BOOK: SinkBook = {};

/** Name of the checkpoint that holds the book of a topic-partition: no topic's name begins so. */
export const bookOf = (topic: string): string => `#book:${topic}`;

/** True for the name of a checkpoint that holds a book. */
export const isBook = (partition: string): boolean => partition.startsWith('#book:');
