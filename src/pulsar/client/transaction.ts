import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { RequestOptions } from '../network/request-table.ts';
import { TxnAction } from '../protocol/index.ts';
import { acting } from './result-text.ts';
import type { TransactionCoordinators } from './transaction-coordinators.ts';
import { type TransactionId, transactionFields } from './transaction-id.ts';

/** Options of `Client.newTransaction`. */
export interface TransactionOptions {
  /** The coordinator aborts the transaction when it was not ended by then. Default 60 s. */
  timeoutMs?: number;
  /** Ends the wait for the coordinator. */
  signal?: AbortSignal;
}

/** `unknown`: the coordinator's answer to commit or abort never came; the same may be tried again. */
export type TransactionState = 'open' | 'committing' | 'aborting' | 'committed' | 'aborted' | 'unknown';

const DEFAULT_TIMEOUT_MS = 60_000;
const OVER = new Set(['TransactionNotFound', 'InvalidTxnStatus']);

/**
 * Messages and acknowledgements that take effect together, or not at all; made by `Client.newTransaction`. Give it to
 * `send` and the acknowledging methods. Disposing of one that is still open aborts it.
 */
export class Transaction {
  readonly id: TransactionId;
  readonly timeoutMs: number;
  private readonly coordinators: TransactionCoordinators;
  private readonly deadlineMs: number;
  private readonly joined = new Map<string, Promise<unknown>>();
  private readonly operations = new Set<Promise<unknown>>();
  private current: TransactionState = 'open';
  private action: TxnAction | undefined;
  private failure: PulsarError | undefined;

  private constructor(coordinators: TransactionCoordinators, id: TransactionId, timeoutMs: number, beganAtMs: number) {
    this.coordinators = coordinators;
    this.id = id;
    this.timeoutMs = timeoutMs;
    this.deadlineMs = beganAtMs + timeoutMs;
  }

  /** Use `Client.newTransaction`. */
  static async open(coordinators: TransactionCoordinators, options: TransactionOptions): Promise<Transaction> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    if (!Number.isSafeInteger(timeoutMs) || timeoutMs <= 0) {
      throw new PulsarError(
        'InvalidConfiguration',
        `timeoutMs ${timeoutMs} of a transaction is not a positive integer`,
      );
    }
    return acting('create transaction', async () => {
      const tcId = await coordinators.choose(signal);
      const beganAtMs = performance.now();
      const begin = (connection: Connection, request: RequestOptions) =>
        connection.request('NEW_TXN', { tcId, txnTtlSeconds: timeoutMs }, 'NEW_TXN_RESPONSE', request);
      const answer = await coordinators.ask(tcId, 'beginning a transaction', begin, signal);
      const id = { mostBits: answer.txnidMostBits ?? 0n, leastBits: answer.txnidLeastBits ?? 0n };
      return new Transaction(coordinators, id, timeoutMs, beganAtMs);
    });
  }

  get state(): TransactionState {
    return this.current;
  }

  /** `(coordinator,counter)`, as Pulsar's tools print it. */
  toString(): string {
    return `(${this.id.mostBits},${this.id.leastBits})`;
  }

  private get coordinator(): number {
    return Number(this.id.mostBits);
  }

  private requireOpen(): void {
    if (this.current === 'open') return;
    throw new PulsarError('InvalidTxnStatus', `the transaction ${this} is ${this.current}, not open`);
  }

  /** Publishes to a topic (partition) within the transaction, which is announced to the coordinator first. */
  publish<T>(topic: string, work: () => Promise<T>): Promise<T> {
    const fields = { ...transactionFields(this.id), partitions: [topic] };
    const announce = (connection: Connection, options: RequestOptions) =>
      connection.request('ADD_PARTITION_TO_TXN', fields, 'ADD_PARTITION_TO_TXN_RESPONSE', options);
    return this.operate(`topic ${topic}`, announce, work);
  }

  /** Acknowledges on a subscription within the transaction, which is announced to the coordinator first. */
  settle<T>(topic: string, subscription: string, work: () => Promise<T>): Promise<T> {
    const fields = { ...transactionFields(this.id), subscription: [{ topic, subscription }] };
    const announce = (connection: Connection, options: RequestOptions) =>
      connection.request('ADD_SUBSCRIPTION_TO_TXN', fields, 'ADD_SUBSCRIPTION_TO_TXN_RESPONSE', options);
    return this.operate(`subscription ${subscription} of ${topic}`, announce, work);
  }

  private async operate<T>(
    resource: string,
    announce: Parameters<TransactionCoordinators['ask']>[2],
    work: () => Promise<T>,
  ): Promise<T> {
    this.requireOpen();
    let joined = this.joined.get(resource);
    if (joined === undefined) {
      joined = this.coordinators.ask(this.coordinator, `adding ${resource} to ${this}`, announce, undefined);
      this.joined.set(resource, joined);
    }
    const operation = joined.then(work);
    this.operations.add(operation);
    try {
      return await operation;
    } catch (error) {
      const explained = this.explained(error);
      this.failure ??= explained;
      throw explained;
    } finally {
      this.operations.delete(operation);
    }
  }

  /** Tells that the time is over where the coordinator only says that it does not know the transaction any more. */
  private explained(error: unknown): PulsarError {
    if (!(error instanceof PulsarError)) return new PulsarError('UnknownError', String(error), { cause: error });
    if (!OVER.has(error.code) || performance.now() < this.deadlineMs) return error;
    const message = `the transaction ${this} was not ended within its ${this.timeoutMs} ms: the coordinator aborted it`;
    return new PulsarError(error.code, message, { cause: error });
  }

  /**
   * Waits for the operations under way, then has all of them take effect. When one failed, the transaction is aborted instead and
   * this rejects with that failure. Rejects with TransactionNotFound or InvalidTxnStatus when the coordinator has aborted it, and
   * leaves the state `unknown` when no answer came: then commit again.
   */
  commit(options: { signal?: AbortSignal } = {}): Promise<null> {
    return acting('commit transaction', async () => {
      this.begin(TxnAction.COMMIT);
      await Promise.allSettled(this.operations);
      if (this.failure === undefined) return this.end('committed', options.signal);
      this.action = TxnAction.ABORT;
      await this.end('aborted', options.signal).catch(() => undefined);
      const message = `an operation of the transaction ${this} failed, so it was aborted: ${this.failure.message}`;
      throw new PulsarError(this.failure.code, message, { cause: this.failure });
    });
  }

  /** Waits for the operations under way, then undoes all of them: messages are never seen, acknowledgements are void. */
  abort(options: { signal?: AbortSignal } = {}): Promise<null> {
    return acting('abort transaction', async () => {
      this.begin(TxnAction.ABORT);
      await Promise.allSettled(this.operations);
      return this.end('aborted', options.signal);
    });
  }

  private begin(action: TxnAction): void {
    const isRepeated = this.current === 'unknown' && this.action === action;
    if (!isRepeated) this.requireOpen();
    this.action = action;
    this.current = action === TxnAction.COMMIT ? 'committing' : 'aborting';
  }

  private async end(outcome: 'committed' | 'aborted', signal: AbortSignal | undefined): Promise<null> {
    const fields = { ...transactionFields(this.id), txnAction: this.action };
    const end = (connection: Connection, options: RequestOptions) =>
      connection.request('END_TXN', fields, 'END_TXN_RESPONSE', options);
    try {
      await this.coordinators.ask(this.coordinator, `ending the transaction ${this}`, end, signal);
    } catch (error) {
      const explained = this.explained(error);
      this.current = OVER.has(explained.code) && explained !== error ? 'aborted' : 'unknown';
      throw explained;
    }
    this.current = outcome;
    return null;
  }

  /** Aborts the transaction if it is still open. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.current === 'open') await this.abort();
  }
}
