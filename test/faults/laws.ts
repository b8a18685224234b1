import type { Guarantee } from '../../src/core/guarantee.ts';
import type { Outcome, Schedule } from './schedule.ts';

/** What must hold under a guarantee, as a reader of the target sees it. Where it changes in mid-stream, what holds under both. */
const LAWS: Readonly<Record<Guarantee, { readonly mayLose: boolean; readonly mayRepeat: boolean }>> = {
  ATMOST_ONCE: { mayLose: true, mayRepeat: false },
  ATLEAST_ONCE: { mayLose: false, mayRepeat: true },
  EFFECTIVELY_ONCE: { mayLose: false, mayRepeat: false },
};

/** A broker that forgot a producer takes its dead letter once more: of these only the record itself is proven to be there once. */
const isForgotten = ({ struck }: Outcome): boolean => struck.some((place) => /forget-names|toggle/.test(place));

/**
 * A source may stop and ask its operator instead of guessing, when the broker started anew, or trimmed, between the note of a first entry and that entry: then nothing tells whether
 * there was one. It breaks no promise, but delivers nothing.
 */
export const isRefused = ({ stuck, struck }: Outcome): boolean =>
  stuck !== undefined &&
  REFUSALS.some(([reason, faults]) => reason.test(stuck) && struck.some((place) => faults.test(place)));

/** Why a source stops, and after which faults it may. Between registration and probe a memory that is switched off takes the probe for new: that record is then there twice. */
const REFUSALS = [
  [/cannot be told whether/, /broker-restart|trim/],
  [/stored it only now/, /toggle-deduplication/],
] as const;

/** Every way in which an outcome breaks what was promised. */
export const violations = (schedule: Schedule, outcome: Outcome): string[] => {
  if (isRefused(outcome)) return [];
  const guarantees = [
    schedule.guarantee,
    ...schedule.changes.flatMap(({ guarantee = schedule.guarantee }) => guarantee),
  ];
  const laws = guarantees.map((guarantee) => LAWS[guarantee]);
  // A dead letter of one guarantee is not known to the next.
  const lettersMayRepeat = isForgotten(outcome) || new Set(guarantees).size > 1;
  const twice = [
    ...outcome.duplicated,
    ...(lettersMayRepeat ? [] : outcome.repeatedLetters.map((text) => `dead letter ${text}`)),
  ];
  const found: string[] = [];
  if (outcome.stuck) found.push(`stuck: ${outcome.stuck}`);
  if (outcome.failures.length > 0) found.push(`failed: ${outcome.failures.join('; ')}`);
  if (!laws.some(({ mayLose }) => mayLose) && outcome.lost.length > 0) found.push(`lost: ${list(outcome.lost)}`);
  if (!laws.some(({ mayRepeat }) => mayRepeat) && twice.length > 0) found.push(`twice: ${list(twice)}`);
  if (mustKeepOrder(schedule, guarantees, outcome) && outcome.reordered.length > 0)
    found.push(`out of order: ${list(outcome.reordered)}`);
  return found;
};

/** ATMOST_ONCE promises no order, and ATLEAST_ONCE none once a run failed: what a frozen run writes late is late, and no plain target can tell. */
const mustKeepOrder = (
  { route, order }: Schedule,
  guarantees: readonly Guarantee[],
  { struck, kills }: Outcome,
): boolean =>
  guarantees.every(
    (guarantee) =>
      guarantee === 'EFFECTIVELY_ONCE' ||
      (guarantee === 'ATLEAST_ONCE' && route !== 'log' && order !== 'none' && struck.length + kills === 0),
  );

const list = (texts: readonly string[]): string =>
  texts.length > 8 ? `${texts.slice(0, 8).join(' ')} and ${texts.length - 8} more` : texts.join(' ');
