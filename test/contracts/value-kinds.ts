/** The kinds of values that get lost on the way most easily; each suite says what becomes of every one of them. */
export const VALUE_KINDS = [
  'binary',
  'boolean',
  'integer beyond 2^53',
  'decimal',
  'date',
  'timestamp',
  'null field',
  'nested',
] as const;

/** One of {@link VALUE_KINDS}. */
export type ValueKind = (typeof VALUE_KINDS)[number];

/** A value as it is given to one side, and as a reader of the other side sees it. */
export interface ValueCase {
  readonly given: unknown;
  readonly expected: unknown;
}

/** A case for each kind, or why there is none: a clause. */
export type ValueCases = Readonly<Record<ValueKind, ValueCase | string>>;

/** The cases that there are. */
export const casesOf = (cases: ValueCases): [ValueKind, ValueCase][] =>
  VALUE_KINDS.flatMap((kind) => {
    const it = cases[kind];
    return typeof it === 'string' ? [] : [[kind, it] as [ValueKind, ValueCase]];
  });
