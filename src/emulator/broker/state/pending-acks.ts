import type { Cursor } from './cursor.ts';
import type { EntryKey } from './entry-key.ts';

/** One acknowledgement inside a transaction. `left`: bits of the batch that it leaves alone, undefined = the whole entry. */
export interface PendingAck {
  readonly key: EntryKey;
  readonly isCumulative: boolean;
  readonly left: readonly bigint[] | undefined;
  /** Messages in the entry. */
  readonly messages: number;
}

const ALL_BITS = BigInt.asUintN(64, -1n);

/**
 * Acknowledgements of one subscription that wait for the end of their transactions (PULSAR-WIRE 3.12, PendingAckHandleImpl). Pure. An entry or
 * message of a batch is in one transaction at most, and one transaction at most acknowledges cumulatively.
 */
export class PendingAcks {
  readonly #cursor: Cursor;
  readonly #byTransaction = new Map<number, PendingAck[]>();
  /** What waits of each entry, over all transactions; as in `PendingAck.left`. */
  readonly #entries = new Map<EntryKey, readonly bigint[] | undefined>();
  #cumulative: { readonly transaction: number; readonly ack: PendingAck } | undefined;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** Why this transaction cannot acknowledge that, undefined when it can: a broker answers TransactionConflict. */
  conflict(transaction: number, ack: PendingAck): string | undefined {
    return ack.isCumulative ? this.#cumulativeConflict(transaction, ack) : this.#individualConflict(ack);
  }

  add(transaction: number, ack: PendingAck): void {
    const acks = this.#byTransaction.get(transaction);
    if (acks) acks.push(ack);
    else this.#byTransaction.set(transaction, [ack]);
    if (ack.isCumulative) this.#cumulative = { transaction, ack };
    else this.#entries.set(ack.key, ack.left && both(ack.left, this.#entries.get(ack.key)));
  }

  /** Forgets a transaction that ended; returns what it acknowledged, in order. */
  take(transaction: number): readonly PendingAck[] {
    const taken = this.#byTransaction.get(transaction) ?? [];
    this.#byTransaction.delete(transaction);
    if (this.#cumulative?.transaction === transaction) this.#cumulative = undefined;
    const keys = new Set(taken.filter(({ isCumulative }) => !isCumulative).map(({ key }) => key));
    for (const key of keys) this.#entries.delete(key);
    for (const ack of [...this.#byTransaction.values()].flat()) {
      if (!ack.isCumulative && keys.has(ack.key))
        this.#entries.set(ack.key, ack.left && both(ack.left, this.#entries.get(ack.key)));
    }
    return taken;
  }

  /** True when nothing of the entry may be delivered: it waits as a whole, or what does not wait is acknowledged. */
  holds(key: EntryKey): boolean {
    if (!this.#entries.has(key)) return false;
    return this.remaining(key)?.every((word) => word === 0n) ?? true;
  }

  /** Bits of a batch's messages that neither wait nor are acknowledged, undefined when all are free. */
  remaining(key: EntryKey): readonly bigint[] | undefined {
    const waiting = this.#entries.get(key);
    const free = this.#cursor.remaining(key);
    return waiting === undefined ? free : both(waiting, free);
  }

  #individualConflict({ key, left, messages }: PendingAck): string | undefined {
    if (this.#cursor.isAcked(key)) return 'the message is acknowledged already';
    if (!this.#entries.has(key)) return undefined;
    const waiting = this.#entries.get(key);
    return left === undefined || waiting === undefined || overlap(left, waiting, messages)
      ? 'the message is acknowledged in a transaction that is open'
      : undefined;
  }

  #cumulativeConflict(transaction: number, ack: PendingAck): string | undefined {
    if (this.#cursor.isAcked(ack.key)) return 'the message is acknowledged already';
    const other = this.#cumulative;
    if (other === undefined) return undefined;
    if (other.transaction !== transaction) return 'another open transaction acknowledges cumulatively';
    return isBeyond(ack, other.ack) ? undefined : 'the transaction has acknowledged up to there';
  }
}

/** Bits that are set in both; absent words of a set are zero, an absent set is full. */
function both(words: readonly bigint[], other: readonly bigint[] | undefined): bigint[] {
  return words.map((word, i) => BigInt.asUintN(64, word) & (other ? BigInt.asUintN(64, other[i] ?? 0n) : ALL_BITS));
}

/** True when one of the batch's messages is missing in both. */
function overlap(left: readonly bigint[], other: readonly bigint[], messages: number): boolean {
  return left.some((word, i) => (~(word | (other[i] ?? 0n)) & batchWord(i, messages)) !== 0n);
}

function isBeyond(ack: PendingAck, earlier: PendingAck): boolean {
  if (ack.key !== earlier.key) return ack.key > earlier.key;
  if (earlier.left === undefined) return false;
  return ack.left === undefined || ack.left.some((word, i) => word !== earlier.left?.[i]);
}

/** The bits of word `i` that stand for messages of a batch. */
function batchWord(i: number, messages: number): bigint {
  return (1n << BigInt(Math.max(0, Math.min(64, messages - i * 64)))) - 1n;
}

/** The bit set of an ACK with as many words as the batch needs and no bit beyond it; undefined for the whole entry. */
export function batchWords(ackSet: readonly bigint[], messages: number): bigint[] | undefined {
  const words = Array.from(
    { length: Math.ceil(messages / 64) },
    (_, i) => BigInt.asUintN(64, ackSet[i] ?? 0n) & batchWord(i, messages),
  );
  return words.some((word) => word !== 0n) ? words : undefined;
}
