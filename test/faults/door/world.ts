import type { Clock } from '../../../src/core/clock.ts';
import type { SinkType, SourceType } from '../../../src/core/connector-type.ts';

/** A process that runs a connector under test, and that may be killed or frozen at any call that is known here. */
export interface ProcessUnderTest {
  /**
   * The client by which the connector talks to its system, with faults at every call of a method, which must be asynchronous: the process dies or freezes before the
   * request leaves or after, it is refused, its answer is lost, it is slow. `failure`: how the client says that (default: an error with code `ECONNRESET`).
   */
  calls<T extends object>(client: T, failure?: (kind: 'refused' | 'lost') => Error): T;
  /** What happens outside when the process is killed: its sockets break, its files are closed. Without it, what `open` gave is closed. */
  onKill(act: () => void): void;
  /** Time as the process sees it: simulated. */
  readonly clock: Clock;
}

/** A connector type, or what makes it for one process; then it may use {@link ProcessUnderTest.calls}. */
export type TypeUnderTest<T extends SinkType | SourceType> = T | ((process: ProcessUnderTest) => T);

/** What a world is made with. */
export interface WorldContext {
  /** Simulated time, for a stand-in of a system that has a clock. */
  nowMs(): number;
  /** Resolves after so many simulated milliseconds. */
  delay(ms: number): Promise<void>;
}

interface World {
  /** `configs` of the connector, for this world. */
  readonly configs?: Readonly<Record<string, unknown>>;
  /** Frees what the world consists of. */
  dispose?(): Promise<void> | void;
}

/** A target that is fresh and empty, and a reader of it that has nothing to do with the connector. */
export interface SinkWorld extends World {
  /** Payload of record `n`; `key` is the message's, which a versioned target has one value for. Default: `{"n":…,"key":…}`. */
  record?(n: number, key: string | undefined): string | Buffer | object;
  /** Payload that the target must refuse for good, and that belongs into the dead-letter topic; absent: none is sent. */
  poison?(n: number, key: string | undefined): string | Buffer | object;
  /** From now on the target takes poison, too: dead letters are then sent back, and must all be there in the end. Absent: none are sent back. */
  mend?(): void;
  /** `n` of everything that is in the target, in the order in which it was written; of a versioned target, the `n` that each key holds. */
  read(): Promise<readonly number[]> | readonly number[];
  /** False: the reader cannot tell the order. Default: true. */
  readonly showsOrder?: boolean;
}

/** A message of the topic that a source published. */
export interface PublishedMessage {
  readonly value: Buffer;
  readonly key: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
}

interface PublishedWorld extends World {
  /** `n` of a message. Default: the payload is JSON with a field `n`. */
  numberOf?(message: PublishedMessage): number;
}

/** A source system that is fresh and empty. */
export interface SourceWorld extends PublishedWorld {
  /** Puts record `n` into the system; of a batch source into a task that was not discovered yet. */
  give(n: number): Promise<void> | void;
  /** Records with an equal answer have an order among them: a source partition, a message group, a task. Default: all; of a batch source none. */
  laneOf?(n: number): string;
}

/** Whoever sends requests to an event source: again, until they are accepted. */
export interface EventWorld extends PublishedWorld {
  /** The request that carries these records. Several are under way at once. */
  request(numbers: readonly number[]): {
    readonly body: string | Buffer;
    readonly headers?: Readonly<Record<string, string>>;
  };
}
