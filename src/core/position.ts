/** Where a source may resume: JSON, opaque to the runtime, validated by the connector type's own schema. */
export type Position = Readonly<Record<string, unknown>>;

/** Largest sequence: a safe integer, well below the broker's own limit of 2^63 (GUARANTEES rule 13). */
export const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER - 1;

/** True for an integer that may be a Pulsar sequence id. */
export const isSequence = (value: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value <= MAX_SEQUENCE;
