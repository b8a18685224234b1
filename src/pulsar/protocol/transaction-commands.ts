import { requestId, serverError } from './command-fields.ts';
import type { TxnAction } from './enums.ts';
import { message, optional, repeated, required } from './message.ts';
import { Subscription } from './messages.ts';
import { bits64, enumeration, text, u64 } from './scalars.ts';

const txnAction = enumeration<TxnAction>();
const txn = { txnidLeastBits: optional(2, bits64), txnidMostBits: optional(3, bits64) };
const txnResponse = { requestId, ...txn, error: optional(4, serverError), message: optional(5, text) };

/** Transactions: with their coordinator, and of coordinators with brokers (PULSAR-WIRE section 2.1). */
export const transactionCommands = {
  NEW_TXN: {
    number: 50,
    body: message('NEW_TXN', { requestId, txnTtlSeconds: optional(2, u64), tcId: optional(3, u64) }),
  },
  NEW_TXN_RESPONSE: { number: 51, body: message('NEW_TXN_RESPONSE', txnResponse) },
  ADD_PARTITION_TO_TXN: {
    number: 52,
    body: message('ADD_PARTITION_TO_TXN', { requestId, ...txn, partitions: repeated(4, text) }),
  },
  ADD_PARTITION_TO_TXN_RESPONSE: { number: 53, body: message('ADD_PARTITION_TO_TXN_RESPONSE', txnResponse) },
  ADD_SUBSCRIPTION_TO_TXN: {
    number: 54,
    body: message('ADD_SUBSCRIPTION_TO_TXN', { requestId, ...txn, subscription: repeated(4, Subscription) }),
  },
  ADD_SUBSCRIPTION_TO_TXN_RESPONSE: { number: 55, body: message('ADD_SUBSCRIPTION_TO_TXN_RESPONSE', txnResponse) },
  END_TXN: { number: 56, body: message('END_TXN', { requestId, ...txn, txnAction: optional(4, txnAction) }) },
  END_TXN_RESPONSE: { number: 57, body: message('END_TXN_RESPONSE', txnResponse) },
  END_TXN_ON_PARTITION: {
    number: 58,
    body: message('END_TXN_ON_PARTITION', {
      requestId,
      ...txn,
      topic: optional(4, text),
      txnAction: optional(5, txnAction),
      txnidLeastBitsOfLowWatermark: optional(6, bits64),
    }),
  },
  TC_CLIENT_CONNECT_REQUEST: {
    number: 62,
    body: message('TC_CLIENT_CONNECT_REQUEST', { requestId, tcId: required(2, u64) }),
  },
  TC_CLIENT_CONNECT_RESPONSE: {
    number: 63,
    body: message('TC_CLIENT_CONNECT_RESPONSE', {
      requestId,
      error: optional(2, serverError),
      message: optional(3, text),
    }),
  },
} as const;
