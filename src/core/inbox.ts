import type { EventRecord } from './connector-type.ts';

/** A queue message as the inbox keeps it: with what is published, and the id by which a repetition is recognised. */
export interface InboxMessage extends Omit<EventRecord, 'value' | 'error'> {
  readonly id: string;
  /** Encoded: null is a tombstone. */
  readonly value: Uint8Array | null;
}

/** Messages that one receiver stored together. Written once and never changed. */
export interface InboxBatch {
  /** Sorts in the order of arrival. */
  readonly key: string;
  readonly messages: readonly InboxMessage[];
}

/** One row of the manifest: the batch's messages have the sequences from `from` to `from + count - 1`, in their order. */
export interface AssignedBatch {
  readonly key: string;
  readonly from: number;
  readonly count: number;
}

/** What the one publisher has numbered and not yet seen through; the only place where a sequence is given to a message. */
export interface Manifest {
  /** First sequence that nobody has yet. */
  readonly next: number;
  readonly rows: readonly AssignedBatch[];
  /** Version of the item, for the next conditional write. */
  readonly version: number;
}

/** Where queue messages wait between the receipt and the topic, by connector uid (GUARANTEES rules 36 and 37). */
export interface InboxStore {
  /** True when one message alone is too large for an item of the store. */
  isTooLarge(message: InboxMessage): boolean;
  /**
   * Stores messages in as many batches as they need, in their order; they are durable when it resolves. `ordered`: behind everything that was stored
   * before this call began, whatever the clocks of the receivers say; costs one more write per batch.
   */
  append(
    uid: string,
    messages: readonly InboxMessage[],
    options: { readonly ordered: boolean },
    signal?: AbortSignal,
  ): Promise<void>;
  /** The batches whose keys are not in `without`, oldest first: about a megabyte of them at most, at least one if there is any. */
  waiting(uid: string, without: ReadonlySet<string>, signal?: AbortSignal): Promise<readonly InboxBatch[]>;
  /** One batch, undefined when it was removed. */
  read(uid: string, key: string, signal?: AbortSignal): Promise<InboxBatch | undefined>;
  /** True when nothing waits. */
  isEmpty(uid: string, signal?: AbortSignal): Promise<boolean>;
  /** Removes batches. Safe to repeat. */
  remove(uid: string, keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** The manifest as stored. */
  manifest(uid: string, signal?: AbortSignal): Promise<Manifest>;
  /** Stores a changed manifest if nobody changed it since; throws `PIO_FENCED` otherwise. */
  assign(held: Manifest, uid: string, change: Omit<Manifest, 'version'>, signal?: AbortSignal): Promise<Manifest>;
  /**
   * Writes a tombstone that gives a message id to `owner`, kept until `expiresAtMs`. False: another owner has it, the message is a repetition. The same
   * owner may ask again.
   */
  claim(uid: string, id: string, owner: string, expiresAtMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Removes what waits and the manifest; tombstones expire. Safe to repeat. */
  deleteAll(uid: string, signal?: AbortSignal): Promise<void>;
}
