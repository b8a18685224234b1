import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { MessageIdInput } from '../protocol/index.ts';

/** A transaction as the protocol names it: the coordinator's number, and a counter of that coordinator. */
export interface TransactionId {
  readonly mostBits: bigint;
  readonly leastBits: bigint;
}

/** The fields that put a command into a transaction. */
export function transactionFields({ mostBits, leastBits }: TransactionId) {
  return { txnidMostBits: mostBits, txnidLeastBits: leastBits };
}

/** The protocol's bit set of the messages of a batch that an acknowledgement leaves alone. */
function untouched(batchSize: number, isTouched: (index: number) => boolean): bigint[] {
  const words = Array.from({ length: Math.ceil(batchSize / 64) }, () => 0n);
  for (let index = 0; index < batchSize; index++) {
    if (!isTouched(index)) words[index >> 6] = (words[index >> 6] ?? 0n) | (1n << BigInt(index & 63));
  }
  while (words.at(-1) === 0n) words.pop();
  return words.map((word) => BigInt.asIntN(64, word));
}

/**
 * The id that ACK carries within a transaction: of a batch always the single message (cumulatively: up to it), with the size
 * of the batch (PULSAR-WIRE 3.12). Throws `PulsarError` InvalidMessage for an id that does not tell the size of its batch.
 */
export function transactionalAckId(id: MessageIdParts, isCumulative: boolean): MessageIdInput {
  const { ledgerId, entryId, batchIndex, batchSize } = id;
  if (batchIndex < 0) return { ledgerId, entryId };
  if (batchSize === undefined) {
    throw new PulsarError(
      'InvalidMessage',
      `the id of message ${batchIndex} of a batch does not tell the batch's size`,
    );
  }
  const ackSet = untouched(batchSize, (index) => (isCumulative ? index <= batchIndex : index === batchIndex));
  return { ledgerId, entryId, ackSet, batchSize };
}
