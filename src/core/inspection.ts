import type { Connector } from './connector.ts';

/** Payload of a synchronous invocation of a runner function: look at both sides of a connector, which need not be registered, and change nothing. */
export interface InspectionRequest {
  /** `check`: open both sides and close them. `preview`: also read records and tell what would be written. */
  readonly inspect: 'check' | 'preview';
  readonly connector: Connector;
  /** How many records a preview reads at most. */
  readonly records: number;
  /** After this wall-clock time, in milliseconds, nobody waits for the answer any more. */
  readonly notAfterMs: number;
}

/** One thing that was looked at. */
export interface Finding {
  readonly side: 'configuration' | 'pulsar' | 'system';
  readonly ok: boolean;
  /** What was found; for a failure, what is wrong. */
  readonly what: string;
  /** What would be right. */
  readonly advice?: string;
}

/** A message as a sink would write it. Texts are cut to a bounded length. */
export interface SinkPreviewRecord {
  readonly topic: string;
  readonly messageId: string;
  readonly key?: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly publishTimeMs: number;
  readonly value: string | null;
  /** What the type makes of it: columns, a statement; absent where the value is written as it is. */
  readonly write?: unknown;
  /** Why it would be a dead letter. */
  readonly error?: string;
}

/** A record as a source would publish it. Texts are cut to a bounded length. */
export interface SourcePreviewRecord {
  readonly sourcePartition: string;
  /** Concrete topic that it would go to. */
  readonly topic: string;
  readonly key?: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly value: string | null;
  readonly sequence: number;
  readonly error?: string;
}

/** Answer to an inspection; `records` only to a preview. */
export interface InspectionAnswer {
  readonly findings: readonly Finding[];
  readonly records?: readonly (SinkPreviewRecord | SourcePreviewRecord)[];
}

/** Has a runner function inspect a connector. Throws `PIO_INTERNAL` when it did not answer. */
export type Inspect = (request: InspectionRequest, signal?: AbortSignal) => Promise<InspectionAnswer>;

/** Longest time of an inspection, in milliseconds: the admin API answers within 29 s. */
export const INSPECTION_MS = 18_000;

/** Tells an inspection from the payload of a run. */
export const isInspection = (payload: object): payload is InspectionRequest => 'inspect' in payload;
