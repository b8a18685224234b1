import type { Client, QueryResult } from 'pg';
import { PulsarIoError } from '../../../core/errors.ts';
import { orAborted, throwIfAborted } from '../../abort.ts';
import { destroy } from './connect.ts';
import type { Query } from './statements.ts';

const BEGIN: Query = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' };

/** One connection, whose transactions follow one another. What it throws is as `pg` has it, or `PIO_ABORTED`: then the connection is gone. */
export class Connection {
  readonly #client: Client;
  #closed: Promise<void> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Sends all queries at once; answers when all are answered. Throws the first error: after it, the server did none of those that follow in a transaction. */
  async send(queries: readonly Query[], signal: AbortSignal): Promise<QueryResult[]> {
    throwIfAborted(signal, 'asking PostgreSQL');
    const sent = Promise.allSettled(
      queries.map((query) => this.#client.query(query as { text: string; values?: unknown[] })),
    );
    const answers = await orAborted(sent, signal, 'asking PostgreSQL').catch((error) => {
      destroy(this.#client);
      throw error;
    });
    const failed = answers.find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
    return answers.map((answer) => (answer as PromiseFulfilledResult<QueryResult>).value);
  }

  /** Runs `work` in a transaction that begins with `first`; what it throws rolls back. `work` commits. */
  async transaction<T>(
    first: readonly Query[],
    signal: AbortSignal,
    work: (results: QueryResult[]) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal, 'asking PostgreSQL');
    try {
      const [, ...results] = await this.send([BEGIN, ...first], signal);
      return await work(results);
    } catch (error) {
      if (signal.aborted)
        destroy(this.#client); // the server rolls back
      else await this.rollback(signal);
      throw error;
    }
  }

  /** Commits. Throws what the server says against it; any other error leaves open whether it happened. */
  async commit(signal: AbortSignal): Promise<void> {
    const [result] = await this.send([{ text: 'COMMIT' }], signal);
    if (result?.command !== 'COMMIT')
      throw new PulsarIoError(
        'PIO_SINK_UNAVAILABLE',
        `PostgreSQL answered COMMIT with ${result?.command}: it rolled back`,
      );
  }

  /** Rolls back, where there is still a connection and a transaction. */
  async rollback(signal: AbortSignal): Promise<void> {
    await this.send([{ text: 'ROLLBACK' }], signal).catch(() => undefined);
  }

  /** Says goodbye to the server. */
  close(): Promise<void> {
    this.#closed ??= this.#client.end().catch(() => destroy(this.#client));
    return this.#closed;
  }
}
