import type { Input } from './input.ts';
import { positionsOf } from './positions.ts';

/** Persons of the data generator, one every few milliseconds: none is fed, the source makes them; a target tells them by the number in `username`. */
export const generatedInput = async (records: number): Promise<Input> => ({
  sourceType: 'data-generator',
  configs: { records, sleepBetweenMessages: 4 },
  feed: async () => records,
  isRead: async (storePath) => positionsOf(storePath).some(({ next }) => next === records),
  dispose: async () => undefined,
});
