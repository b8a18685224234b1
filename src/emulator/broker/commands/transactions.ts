import { ServerError, TxnAction } from '../../../pulsar/protocol/enums.ts';
import type { Connection } from '../connection.ts';
import { BrokerError } from '../errors.ts';
import { transactionOf, type WireTransaction } from '../transaction-id.ts';
import type { CommandHandlers } from './index.ts';

type Answer = 'ADD_PARTITION_TO_TXN_RESPONSE' | 'ADD_SUBSCRIPTION_TO_TXN_RESPONSE' | 'END_TXN_RESPONSE';

/** Runs `work` for a transaction and answers; a refusal is part of the answer. */
function answer(
  connection: Connection,
  type: Answer,
  { requestId, ...id }: WireTransaction & { readonly requestId: number | bigint },
  work: (transaction: number) => void,
): void {
  const { txnidMostBits, txnidLeastBits } = id;
  const fields = { requestId, txnidMostBits, txnidLeastBits };
  try {
    work(transactionOf(id) ?? 0);
    connection.send(type, fields);
  } catch (cause) {
    connection.send(type, { ...fields, ...refusalOf(cause) });
  }
}

/** The one transaction coordinator, number 0 (PULSAR-WIRE 3.12). What a transaction touches is known from its entries and acknowledgements. */
export const transactionCommands: CommandHandlers = {
  TC_CLIENT_CONNECT_REQUEST(connection, { requestId, tcId }) {
    connection.send('TC_CLIENT_CONNECT_RESPONSE', { requestId, ...coordinatorProblem(tcId) });
  },
  NEW_TXN(connection, { requestId, txnTtlSeconds: timeoutMs = 0, tcId = 0 }) {
    const problem = coordinatorProblem(tcId);
    if (problem) return connection.send('NEW_TXN_RESPONSE', { requestId, ...problem });
    try {
      const txnidLeastBits = BigInt(connection.broker.transactions.begin(timeoutMs));
      connection.send('NEW_TXN_RESPONSE', { requestId, txnidMostBits: 0n, txnidLeastBits });
    } catch (cause) {
      connection.send('NEW_TXN_RESPONSE', { requestId, ...refusalOf(cause) });
    }
  },
  ADD_PARTITION_TO_TXN(connection, fields) {
    const { transactions } = connection.broker;
    answer(connection, 'ADD_PARTITION_TO_TXN_RESPONSE', fields, (id) => transactions.requireOpen(id));
  },
  ADD_SUBSCRIPTION_TO_TXN(connection, fields) {
    const { transactions } = connection.broker;
    answer(connection, 'ADD_SUBSCRIPTION_TO_TXN_RESPONSE', fields, (id) => transactions.requireOpen(id));
  },
  END_TXN(connection, fields) {
    const isCommitted = (fields.txnAction ?? TxnAction.COMMIT) === TxnAction.COMMIT;
    answer(connection, 'END_TXN_RESPONSE', fields, (id) => connection.broker.transactions.end(id, isCommitted));
  },
};

function refusalOf(cause: unknown): { error: ServerError; message: string } {
  if (cause instanceof BrokerError) return { error: cause.serverError, message: cause.message };
  throw cause;
}

function coordinatorProblem(tcId: number): { error: ServerError; message: string } | undefined {
  if (tcId === 0) return undefined;
  const error = ServerError.TransactionCoordinatorNotFound;
  return { error, message: `Transaction coordinator ${tcId} does not exist: this broker has number 0 only` };
}
