import type { ConnectorName } from './registry.ts';

/** Which connector a queue's events are for: one at most, as Lambda maps a queue to a function once. */
export interface Trigger {
  /** Amazon resource name of the queue. */
  readonly arn: string;
  readonly connector: ConnectorName;
  readonly uid: string;
}

/** The queues that Lambda receives from for connectors. */
export interface TriggerStore {
  /** Whose events a queue's are; undefined: nobody's. */
  find(arn: string, signal?: AbortSignal): Promise<Trigger | undefined>;
  /** Makes a queue a connector's, unless it is another's: resolves with whose it is then. */
  claim(trigger: Trigger, signal?: AbortSignal): Promise<Trigger>;
  /** Takes the queue from a connector; one that is another's stays. Safe to repeat. */
  release(arn: string, uid: string, signal?: AbortSignal): Promise<void>;
  /** All of them. */
  list(signal?: AbortSignal): Promise<readonly Trigger[]>;
}
