import type { MessageIdParts } from '../../core/message-id.ts';

interface EntryState {
  readonly acked: Uint8Array;
  remaining: number;
}

/**
 * Which messages of partly acknowledged batches this consumer has acknowledged, so that the entry is acknowledged on the wire
 * with the last of them. Holds state for partly acknowledged entries only.
 */
export class EntryAcks {
  private readonly ledgers = new Map<number, Map<number, EntryState>>();

  /** Notes an acknowledgement; true when the whole entry is now acknowledged. */
  add(id: MessageIdParts): boolean {
    const { ledgerId, entryId, batchIndex, batchSize } = id;
    if (batchIndex < 0 || batchSize === undefined || batchSize <= 1) {
      this.ledgers.get(ledgerId)?.delete(entryId);
      return true;
    }
    const state = this.stateOf(ledgerId, entryId, batchSize);
    if (state.acked[batchIndex] === 0) {
      state.acked[batchIndex] = 1;
      state.remaining--;
    }
    if (state.remaining > 0) return false;
    this.ledgers.get(ledgerId)?.delete(entryId);
    return true;
  }

  /** Notes messages of an entry that will never be delivered (compacted, or acknowledged at the broker before). */
  exclude(ledgerId: number, entryId: number, batchSize: number, delivered: readonly MessageIdParts[]): void {
    const state = this.stateOf(ledgerId, entryId, batchSize);
    const isDelivered = new Set(delivered.map(({ batchIndex }) => batchIndex));
    for (let index = 0; index < batchSize; index++) {
      if (isDelivered.has(index) || state.acked[index] === 1) continue;
      state.acked[index] = 1;
      state.remaining--;
    }
  }

  private stateOf(ledgerId: number, entryId: number, batchSize: number): EntryState {
    let entries = this.ledgers.get(ledgerId);
    if (entries === undefined) {
      entries = new Map();
      this.ledgers.set(ledgerId, entries);
    }
    let state = entries.get(entryId);
    if (state === undefined) {
      state = { acked: new Uint8Array(batchSize), remaining: batchSize };
      entries.set(entryId, state);
    }
    return state;
  }

  /** Whether an entry is partly acknowledged. */
  knows(ledgerId: number, entryId: number): boolean {
    return this.ledgers.get(ledgerId)?.has(entryId) === true;
  }

  /** Whether one message of a partly acknowledged entry is among the acknowledged. */
  has(ledgerId: number, entryId: number, batchIndex: number): boolean {
    return this.ledgers.get(ledgerId)?.get(entryId)?.acked[batchIndex] === 1;
  }

  /** The entry's still unacknowledged messages as the protocol's bit set (word i, bit j = message 64 i + j). */
  ackSet(ledgerId: number, entryId: number): bigint[] {
    const acked = this.ledgers.get(ledgerId)?.get(entryId)?.acked ?? [];
    const words = Array.from({ length: Math.ceil(acked.length / 64) }, () => 0n);
    for (let index = 0; index < acked.length; index++) {
      if (acked[index] === 0) words[index >> 6] = (words[index >> 6] ?? 0n) | (1n << BigInt(index & 63));
    }
    while (words.at(-1) === 0n) words.pop();
    return words.map((word) => BigInt.asIntN(64, word));
  }

  /** Forgets entries up to and including one: a cumulative acknowledgement has settled them. */
  forgetThrough(ledgerId: number, entryId: number): void {
    for (const [ledger, entries] of this.ledgers) {
      if (ledger < ledgerId) this.ledgers.delete(ledger);
      else if (ledger === ledgerId) for (const entry of entries.keys()) if (entry <= entryId) entries.delete(entry);
    }
  }

  clear(): void {
    this.ledgers.clear();
  }
}
