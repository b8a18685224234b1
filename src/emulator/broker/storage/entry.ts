import type { EntryKey } from '../state/entry-key.ts';

/** What the dispatchers must know of an entry without looking into it. */
export interface EntryFacts {
  readonly publishTimeMs: number;
  /** Messages inside, 1 for an entry that is not a batch: what it costs in permits. */
  readonly messages: number;
  /** True when the payload is framed as a batch, even of one message. */
  readonly isBatch: boolean;
  /** Set for a chunk of a message; all chunks of one have the same slot. */
  readonly chunk?: 'part' | 'last' | undefined;
  /** Key_Shared slot. */
  readonly slot: number;
  /** 0: at once. */
  readonly deliverAtMs: number;
}

/** A stored entry; `data` is what SEND carried, from the checksum on, byte for byte. */
export interface Entry extends EntryFacts {
  readonly key: EntryKey;
  readonly data: Uint8Array;
  /** The transaction that it is published in; told when it is stored, not when it is read. */
  readonly transaction?: number | undefined;
}
