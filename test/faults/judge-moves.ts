import type { Guarantee } from '../../src/core/guarantee.ts';
import type { Given, Verdict } from './judge.ts';

/** An operator set where a lane goes on. Places count its records from 0. */
export interface Move {
  readonly lane: string;
  /** Where the operator saw it stand: all before was through. */
  readonly from: number;
  /** The first record that it goes on with. */
  readonly to: number;
}

/** Every place that an operator set, at most one of a lane. */
export interface Moved {
  readonly moves: readonly Move[];
  readonly guarantee: Guarantee;
  /** True: the target does nothing for a record that it knows, also when an operator asks for it again. */
  readonly takesOnce: boolean;
}

/**
 * What a reader must see of a lane that was moved: what was through at the move, up to a place that only the delivery knew but that lies not before what the operator saw; then everything from where it was set to. So a lane
 * that was set back has each record between once more, and one that was set forward lacks those between; no other is lost or repeated. `effects` counts what each record became, dead letters among it.
 */
export const judgeMove = (
  { from, to }: Move,
  records: readonly (Given & { readonly place: number })[],
  effects: ReadonlyMap<string, number>,
  { guarantee, takesOnce }: Omit<Moved, 'moves'>,
): Pick<Verdict, 'lost' | 'duplicated'> => {
  const seen = records.map((record) => ({ ...record, count: effects.get(record.text) ?? 0 }));
  const { least, most } = throughAt(seen, { from, to }, { guarantee, takesOnce });
  const wantedOf = (place: number, through: number) => Number(place < through) + Number(place >= to);
  return {
    lost: seen.filter(({ count, place }) => count < atMost(wantedOf(place, least), takesOnce)).map(({ text }) => text),
    duplicated: seen.filter(({ count, place }) => count > wantedOf(place, most)).map(({ text }) => text),
  };
};

const atMost = (wanted: number, takesOnce: boolean): number => (takesOnce ? Math.min(1, wanted) : wanted);

/** How far it was when it was moved, at least and at most: what explains most of what is seen. ATLEAST_ONCE need not have done more than the operator saw, ATMOST_ONCE may have tried all there is. */
const throughAt = (
  seen: readonly { readonly place: number; readonly count: number }[],
  { from, to }: Pick<Move, 'from' | 'to'>,
  { guarantee, takesOnce }: Omit<Moved, 'moves'>,
): { readonly least: number; readonly most: number } => {
  const end = Number.POSITIVE_INFINITY;
  // What comes again, a target that takes it once does not tell.
  const isOpen = (place: number, count: number) => (place < to ? count === 0 : !takesOnce && count <= 1);
  const firstOpen = seen.find(({ place, count }) => place >= from && isOpen(place, count));
  const through = firstOpen?.place ?? end;
  return {
    least: guarantee === 'ATLEAST_ONCE' ? from : through,
    most: guarantee === 'ATMOST_ONCE' ? end : through,
  };
};

/** True for records of lanes that were moved. */
export const movedTexts = (given: readonly Given[], moves: readonly Move[]): ((text: string) => boolean) => {
  const lanes = new Set(moves.map(({ lane }) => lane));
  const texts = new Set(given.filter(({ lane }) => lanes.has(lane)).map(({ text }) => text));
  return (text) => texts.has(text);
};

/**
 * A verdict as it is where an operator set positions: what was asked for is no fault, and only that. Of each reader, and of a lane, what was through is the beginning of what it ever sees; together it need not be:
 * topics are published to side by side.
 */
export const judgeMoves = (
  given: readonly Given[],
  readers: readonly (readonly string[])[],
  verdict: Verdict,
  { moves, letters, ...terms }: Moved & { readonly letters: ReadonlySet<string> },
): Verdict => {
  const isMoved = movedTexts(given, moves);
  const counts = new Map<string, number>();
  const readerOf = new Map<string, number>();
  for (const [reader, texts] of readers.entries()) {
    for (const text of texts) {
      counts.set(text, (counts.get(text) ?? 0) + 1);
      readerOf.set(text, Math.min(reader, readerOf.get(text) ?? reader));
    }
  }
  const judged = moves.flatMap((move) => {
    const records = given.filter(({ lane }) => lane === move.lane).map((record, place) => ({ ...record, place }));
    return [...Map.groupBy(records, ({ text }) => readerOf.get(text)).values()].map((seen) =>
      judgeMove(move, seen, counts, terms),
    );
  });
  const { isSkipped } = movedCells(given, moves);
  const isUnmoved = (text: string) => !isMoved(text.split(',')[0] ?? '');
  const twice = judged.flatMap(({ duplicated }) => duplicated);
  return {
    lost: [...verdict.lost.filter(isUnmoved), ...judged.flatMap(({ lost }) => lost)],
    duplicated: [...verdict.duplicated.filter(isUnmoved), ...twice.filter((text) => !letters.has(text))],
    // A frozen run may hold what an operator then passed over, and nothing but its key tells the target that it comes late.
    reordered: terms.takesOnce ? verdict.reordered.filter((text) => !isSkipped(text)) : verdict.reordered,
    repeatedLetters: [...verdict.repeatedLetters.filter(isUnmoved), ...twice.filter((text) => letters.has(text))],
  };
};

/** Of cells: records that an operator passed over, and keys that may once go back to an older value, as their lane was set back. */
export const movedCells = (
  given: readonly Given[],
  moves: readonly Move[],
): { readonly isSkipped: (text: string) => boolean; readonly mayGoBack: Set<string> } => {
  const skipped = new Set<string>();
  const mayGoBack = new Set<string>();
  for (const { lane, from, to } of moves) {
    for (const [place, { text, key }] of given.filter((record) => record.lane === lane).entries()) {
      if (place >= from && place < to) skipped.add(text);
      mayGoBack.add(key);
    }
  }
  return { isSkipped: (text) => skipped.has(text), mayGoBack };
};
