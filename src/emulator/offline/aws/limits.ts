/** Limits of an invocation's payload, in bytes ("Lambda quotas"; asynchronous: 1 MB since October 2025). */
export const PAYLOAD_LIMITS = {
  request: 6_291_456,
  /** Lambda takes a hundred bytes more of an answer. */
  response: 6_291_556,
  asynchronous: 1_048_576,
} as const;

/** Bytes of a value as JSON. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');
