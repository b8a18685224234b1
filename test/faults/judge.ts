import { judgeMoves, type Moved, movedCells, movedTexts } from './judge-moves.ts';
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
  /** Dead letters that are there more than once, or that were sent back and written more than once. */
  readonly repeatedLetters: readonly string[];
}

/** What a target is judged by besides what was given. */
export interface Terms {
  readonly order: 'none' | 'key' | 'lane';
  /** Every dead letter that there ever was. */
  readonly deadLetters: readonly string[];
  /** How often dead letters were sent back, the last time all that were left to a target that takes everything. */
  readonly redrives?: number;
  /** True: the records behind a dead letter of their key followed it. */
  readonly parksKeys?: boolean;
  /** Where an operator set positions, at most one of a lane, and under which guarantee. */
  readonly moved?: Moved;
}

/** Compares what appeared with what was given. Each reader saw its effects in order; order counts within a lane, or within a key of it. */
export const judge = (
  given: readonly Given[],
  readers: readonly (readonly string[])[],
  { order, deadLetters, redrives = 0, parksKeys = false, moved }: Terms,
): Verdict => {
  const places = new Map(given.map((record, place) => [record.text, { ...record, place }]));
  const seen = new Set<string>();
  const duplicated: string[] = [];
  const twice: string[] = [];
  for (const text of readers.flat()) {
    const record = places.get(text);
    if (!record || (record.isPoison && redrives === 0)) duplicated.push(`${text}, which nobody should see`);
    else if (seen.has(text)) twice.push(text);
    seen.add(text);
  }
  const letters = countOf(deadLetters);
  const isSentBack = (text: string) => redrives > 0 && letters.has(text);
  const isMoved = movedTexts(given, moved?.moves ?? []);
  const isAside = (text: string) => letters.has(text) && (redrives > 0 || isMoved(text));
  duplicated.push(...twice.filter((text) => !isSentBack(text)));
  const repeatedLetters = [...repeatedOf(letters, redrives), ...twice.filter(isSentBack)];
  const reordered: string[] = [];
  // What went aside and was sent back, or was asked for again, comes late; only where its key waited for it, in its place among that.
  const passed = (effects: readonly string[]) => effects.filter((text) => !isAside(text));
  if (order !== 'none') reordered.push(...readers.flatMap((effects) => outOfOrder(passed(effects), places, order)));
  if (parksKeys) reordered.push(...readers.flatMap((effects) => outOfOrder(effects, places, 'key')));
  if (redrives === 0) duplicated.push(...[...seen].filter((text) => letters.has(text)).map(asLetterToo));
  const lost = given.filter(({ text, isPoison }) => {
    if (redrives > 0) return !seen.has(text);
    return !letters.has(text) && (isPoison || !seen.has(text));
  });
  const verdict = { lost: lost.map(({ text }) => text), duplicated, reordered, repeatedLetters };
  return moved
    ? judgeMoves(given, withLetters(readers, deadLetters), verdict, { ...moved, letters: new Set(deadLetters) })
    : verdict;
};

/** Of what one reader sees, with the dead letters. */
const withLetters = ([first = [], ...others]: readonly (readonly string[])[], letters: readonly string[]) => [
  [...first, ...letters],
  ...others,
];

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

/** One that was sent back may have failed again. */
const repeatedOf = (letters: ReadonlyMap<string, number>, redrives: number): string[] =>
  [...letters].flatMap(([text, count]) => (count > 1 + redrives ? [text] : []));

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
  { deadLetters, redrives = 0, moved }: Omit<Terms, 'order'>,
): Verdict => {
  const { isSkipped, mayGoBack } = movedCells(given, moved?.moves ?? []);
  const places = new Map(given.map(({ text }, place) => [text, place]));
  const held = new Map<string, string>();
  const duplicated: string[] = [];
  const reordered: string[] = [];
  for (const { key, text } of effects) {
    const before = held.get(key);
    held.set(key, text);
    if (before === undefined) continue;
    const [now, then] = [places.get(text) ?? -1, places.get(before) ?? -1];
    if (now <= then && mayGoBack.delete(key)) continue;
    if (now === then) duplicated.push(text);
    else if (now < then) reordered.push(text);
  }
  const letters = countOf(deadLetters);
  // Of a key that is parked, some may have been written before it was.
  const seen = new Set(effects.map(({ text }) => text));
  const isWanted = ({ text, isPoison }: Given) =>
    !isSkipped(text) && (redrives > 0 || (!isPoison && (seen.has(text) || !letters.has(text))));
  const wanted = new Map(given.filter(isWanted).map(({ key, text }) => [key, text]));
  const placeOf = (text: string | undefined) => places.get(text ?? '') ?? -1;
  const isThere = (key: string, text: string) =>
    held.get(key) === text || (isSkipped(held.get(key) ?? '') && placeOf(held.get(key)) > placeOf(text));
  const lost = [...wanted].filter(([key, text]) => !isThere(key, text)).map(([, text]) => text);
  if (redrives === 0)
    lost.push(
      ...given
        .filter(({ text, isPoison }) => isPoison && !letters.has(text) && !isSkipped(text))
        .map(({ text }) => text),
    );
  return {
    lost,
    duplicated,
    reordered,
    repeatedLetters: repeatedOf(letters, redrives + Number((moved?.moves.length ?? 0) > 0)),
  };
};
