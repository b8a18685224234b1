import type { MessageIdParts } from './message-id.ts';
import type { Position } from './position.ts';
import type { SchemaDefinition } from './schema/definition.ts';

/** One unit of data on its way from a system to a topic. */
export interface SourceRecord {
  /** Bytes as they are, text as UTF-8, anything else as JSON; null is a tombstone. */
  readonly value: unknown;
  readonly key?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly eventTimeMs?: number;
  /** The topic that it goes to instead of the connector's: Pulsar's `Record.getDestinationTopic`. See `destinationOf`. */
  readonly destinationTopic?: string;
  /** What its topic is to know of value and key, where the configuration names no schema; records of one schema have the same object. */
  readonly schema?: SchemaDefinition;
  /**
   * Sequence id: a pure function of the position, strictly increasing within the source partition, counted before
   * any transform or filter (GUARANTEES rule 10). Gaps are fine. The highest value that `isSequence` takes is the limit.
   */
  readonly sequence: number;
  /** Where to resume AFTER this record. */
  readonly position: Position;
  /** True when records between the position that was asked for and this one may have vanished, so that it may have had another sequence before. */
  readonly mayFollowGap?: true;
  /** True where there is nothing to publish, and only the position says something new: it has the sequence of the record before. */
  readonly isMark?: true;
  /**
   * Set when the source holds something here that is no valid record (a line that is not JSON, a row with a column too many): `value` is then the bytes as
   * they are. The runtime never publishes it as data: it dead-letters it, or stops, as the error's disposition says.
   */
  readonly error?: Error;
}

/** One unit of data on its way from a topic to a system. */
export interface SinkRecord {
  /** Concrete topic: of a partitioned one, the partition (`…-partition-3`). */
  readonly topic: string;
  readonly messageId: MessageIdParts;
  readonly key?: string;
  /** True: `key` is base64 text of binary bytes, as published. */
  readonly isKeyBase64?: boolean;
  /** Version of the topic's schema that it was written with. */
  readonly schemaVersion?: Uint8Array;
  /** Payload as published, decompressed; null is a tombstone. */
  readonly bytes: Buffer | null;
  /** Value in the form the sink type declared (`accepts`), read by its schema: Buffer, string or an object of fields; null is a tombstone. */
  readonly value: unknown;
  readonly properties: Readonly<Record<string, string>>;
  readonly publishTimeMs: number;
  readonly eventTimeMs?: number;
  /** What a transformation says it is to be written to, in place of what the configuration says: see `SinkType.destination`. */
  readonly destination?: string;
  readonly producerName: string;
  readonly sequenceId: number;
  /** How often the broker delivered it before; counted on Shared and Key_Shared only. */
  readonly redeliveryCount: number;
  /** Version of this record's write: microseconds, strictly increasing along its topic-partition (GUARANTEES rule 28). */
  readonly version: number;
  /** Why the message cannot be read at all (`IncomingMessage.unreadable`); it is rejected. */
  readonly unreadable?: string;
}

/** What became of one record of a write: settled, or an error whose disposition says what is next. */
export type RecordResult = { readonly ok: true } | { readonly ok: false; readonly error: Error };

/** The result of a record that was written. */
export const WRITTEN: RecordResult = { ok: true };
