/** The id of a transaction on the wire; `most` is the number of its coordinator, here always 0. */
export interface WireTransaction {
  readonly txnidMostBits?: bigint | undefined;
  readonly txnidLeastBits?: bigint | undefined;
}

/** The transaction that a SEND or ACK belongs to, undefined when none: presence counts, as (0,n) are ids (PULSAR-WIRE 3.12). */
export function transactionOf({ txnidMostBits, txnidLeastBits }: WireTransaction): number | undefined {
  if (txnidMostBits === undefined || txnidLeastBits === undefined) return undefined;
  const isNumber = txnidMostBits === 0n && txnidLeastBits <= BigInt(Number.MAX_SAFE_INTEGER) && txnidLeastBits > 0n;
  return isNumber ? Number(txnidLeastBits) : 0;
}
