/** The records of a batch that an answer names as failed; `all`: the batch as a whole. */
export type Failures = 'all' | readonly string[];

/**
 * Reads an answer as Lambda does where `ReportBatchItemFailures` is set (AWS: "Handling errors for an SQS event source in Lambda"): nothing, or no failures, is success; an
 * answer with an identifier that is missing or of no record fails the batch.
 */
export const failuresOf = (answer: unknown, ids: ReadonlySet<string>): Failures => {
  const { batchItemFailures } = (answer ?? {}) as { batchItemFailures?: unknown };
  if (batchItemFailures === undefined || batchItemFailures === null) return [];
  if (!Array.isArray(batchItemFailures)) return 'all';
  const named = batchItemFailures.map((failure) => (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier);
  const isKnown = (id: unknown): id is string => typeof id === 'string' && ids.has(id);
  return named.every(isKnown) ? named : 'all';
};
