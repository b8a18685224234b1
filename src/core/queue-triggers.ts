import type { Connector } from './connector.ts';
import type { EventTrigger } from './connector-type.ts';

/** Lambda's event source mappings to our functions, one at most for each queue. What notifies by a rule of its own has none. */
export interface EventMappings {
  /**
   * Makes the mapping exist as asked, or leaves one that is changing for the next time. Throws `PIO_TRIGGER_UNAVAILABLE`, and `PIO_TRIGGER_UNKNOWN` when Lambda was too busy,
   * or away, to say whether there is one.
   */
  ensure(trigger: EventTrigger, uid: string, isEnabled: boolean, signal: AbortSignal): Promise<void>;
  /** Deletes the mapping. Safe to repeat. Throws as `ensure`. */
  remove(arn: string, signal: AbortSignal): Promise<void>;
  /** The same mappings, looked at all together when the first is asked for: Lambda answers 15 such questions a second. For one tick. Absent: they are looked at one by one. */
  together?(): EventMappings;
}

/** Keeps the queues that Lambda receives from as the connectors want them. Every method may be repeated, which finishes what broke off. */
export interface QueueTriggers {
  /** Makes the queue the connector's. Throws `PIO_REQUEST_INVALID` when it is another's. A connector that is not triggered has none. */
  claim(connector: Connector, signal: AbortSignal): Promise<void>;
  /**
   * Creates, enables, disables or mends the connector's mapping, and tells its status what could not be done; never rejects for that. Where Lambda could not even
   * say what is there, the status is left as it is.
   */
  apply(connector: Connector, signal: AbortSignal): Promise<void>;
  /** Deletes the mapping that a connector had. Throws `PIO_TRIGGER_UNAVAILABLE` and `PIO_TRIGGER_UNKNOWN`. */
  remove(connector: Connector, signal: AbortSignal): Promise<void>;
  /** Deletes the mappings of connectors that are gone, or want another queue; tries each, and then throws the first failure. */
  collect(signal: AbortSignal): Promise<void>;
  /** The same for the many connectors of one tick. */
  together(): QueueTriggers;
}
