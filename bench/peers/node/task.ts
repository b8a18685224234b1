/** What a peer is asked to do: one JSON object as its only argument. */
export interface Task {
  readonly scenario: 'produce' | 'receive' | 'batchReceive' | 'listener' | 'latency';
  readonly serviceUrl: string;
  readonly topic: string;
  /** Of a producer. */
  readonly isBatching: boolean;
  readonly payloadBytes: number;
  /** Messages in the topic, for consumers. */
  readonly backlog: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Messages per second, for latency. */
  readonly rate: number;
}

/** Messages without receipt that a producer keeps under way. */
export const MAX_PENDING = 5_000;

/** Messages of a batch in the topic that is read. */
export const BATCH = 100;
