import type { Effect } from './simulation/target-system.ts';

/** A record that was given to be delivered. */
export interface Given {
  readonly text: string;
  readonly key: string;
  /** Source partition, or topic-partition: what has an order. */
  readonly lane: string;
  /** It belongs into the dead-letter topic, not into the target. */
  readonly isPoison: boolean;
}

/** What a reader finds wrong. */
export interface Verdict {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly reordered: readonly string[];
  /** Dead letters that are there more than once. */
  readonly repeatedLetters: readonly string[];
}

/** Compares what appeared with what was given. Each reader saw its effects in order; order counts within a lane, or within a key of it. */
export const judge = (
  given: readonly Given[],
  readers: readonly (readonly string[])[],
  { order, deadLetters }: { order: 'none' | 'key' | 'lane'; deadLetters: readonly string[] },
): Verdict => {
  const places = new Map(given.map((record, place) => [record.text, { ...record, place }]));
  const seen = new Set<string>();
  const duplicated: string[] = [];
  for (const text of readers.flat()) {
    const record = places.get(text);
    if (!record || record.isPoison) duplicated.push(`${text}, which nobody should see`);
    else if (seen.has(text)) duplicated.push(text);
    seen.add(text);
  }
  const reordered = order === 'none' ? [] : readers.flatMap((effects) => outOfOrder(effects, places, order));
  const letters = countOf(deadLetters);
  duplicated.push(...[...seen].filter((text) => letters.has(text)).map(asLetterToo));
  const lost = given.filter(({ text, isPoison }) =>
    isPoison ? !letters.has(text) : !seen.has(text) && !letters.has(text),
  );
  return { lost: lost.map(({ text }) => text), duplicated, reordered, repeatedLetters: repeatedOf(letters) };
};

const asLetterToo = (text: string): string => `${text}, which is a dead letter, too`;

const outOfOrder = (
  effects: readonly string[],
  places: ReadonlyMap<string, Given & { readonly place: number }>,
  order: 'key' | 'lane',
): string[] => {
  const reordered: string[] = [];
  const last = new Map<string, number>();
  for (const text of lastEffects(effects)) {
    const record = places.get(text);
    if (!record) continue;
    const queue = order === 'key' ? `${record.lane} ${record.key}` : record.lane;
    if (record.place < (last.get(queue) ?? -1)) reordered.push(text);
    last.set(queue, Math.max(record.place, last.get(queue) ?? -1));
  }
  return reordered;
};

/** Where order is kept, a repeat behind a later record is followed by that record again: what counts is the last effect of each. */
const lastEffects = (effects: readonly string[]): string[] => [...new Set(effects.toReversed())].toReversed();

const repeatedOf = (letters: ReadonlyMap<string, number>): string[] =>
  [...letters].flatMap(([text, count]) => (count > 1 ? [text] : []));

const countOf = (texts: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
};

/**
 * The same for a target that holds one value per key, where the newest version wins. A reader sees values come and go: each must be newer than the one
 * before (else the older one came back, which is how a repeat shows), and the last must be the last given.
 */
export const judgeCells = (
  given: readonly Given[],
  effects: readonly Effect[],
  deadLetters: readonly string[],
): Verdict => {
  const places = new Map(given.map(({ text }, place) => [text, place]));
  const held = new Map<string, string>();
  const duplicated: string[] = [];
  const reordered: string[] = [];
  for (const { key, text } of effects) {
    const before = held.get(key);
    held.set(key, text);
    if (before === undefined) continue;
    const [now, then] = [places.get(text) ?? -1, places.get(before) ?? -1];
    if (now === then) duplicated.push(text);
    else if (now < then) reordered.push(text);
  }
  const letters = countOf(deadLetters);
  // Of a key that is parked, some may have been written before it was.
  const seen = new Set(effects.map(({ text }) => text));
  const wanted = new Map(
    given
      .filter(({ text, isPoison }) => !isPoison && (seen.has(text) || !letters.has(text)))
      .map(({ key, text }) => [key, text]),
  );
  const lost = [...wanted].filter(([key, text]) => held.get(key) !== text).map(([, text]) => text);
  lost.push(...given.filter(({ text, isPoison }) => isPoison && !letters.has(text)).map(({ text }) => text));
  return { lost, duplicated, reordered, repeatedLetters: repeatedOf(letters) };
};
