import type { FrontierMove, FrontierRow } from '../../../core/connector-type.ts';
import { PulsarIoError } from '../../../core/errors.ts';
import type { Frontier } from '../../../core/frontier.ts';
import type { Token } from '../../../core/token.ts';
import { fenced } from '../../fenced.ts';
import { CHECKPOINT_TABLE, frontierValues } from '../checkpoint-table.ts';
import type { Connection } from './connection.ts';
import { postgresCode, postgresError } from './errors.ts';
import type { Query } from './statements.ts';

const COLUMNS = `(connector text NOT NULL, topic text NOT NULL, generation bigint NOT NULL, epoch bigint NOT NULL, ledger_id bigint NOT NULL,
  entry_id bigint NOT NULL, batch_index bigint NOT NULL, version bigint NOT NULL, PRIMARY KEY (connector, topic))`;

/** The frontiers of one connector, in the schema of its table. */
export class CheckpointTable {
  readonly #connection: Connection;
  readonly #name: string;
  readonly #uid: string;
  #exists = false;

  /** `schema` is quoted. */
  constructor(connection: Connection, schema: string, uid: string) {
    this.#connection = connection;
    this.#name = `${schema}.${CHECKPOINT_TABLE}`;
    this.#uid = uid;
  }

  /**
   * Stores `token` if it is newer than the stored one, with `initial` when the topic has no row, and returns the row as of that write: one statement.
   * Throws `PIO_FENCED` when the stored token is newer or equal.
   */
  async fence(topic: string, token: Token, initial: Frontier, signal: AbortSignal): Promise<FrontierRow> {
    if (!this.#exists) await this.#create(signal);
    this.#exists = true;
    const text = `INSERT INTO ${this.#name} AS stored VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (connector, topic) DO UPDATE
      SET generation = excluded.generation, epoch = excluded.epoch
      WHERE (stored.generation, stored.epoch) < (excluded.generation, excluded.epoch) RETURNING *`;
    const values = [this.#uid, topic, token.generation, token.epoch, ...frontierValues(initial)];
    const [result] = await this.#connection.send([{ text, values }], signal);
    const row = result?.rows[0] as Record<string, string> | undefined;
    if (!row) throw fenced(topic, token, 'a run with a newer or the same token was here');
    const [ledgerId, entryId, batchIndex, version] = ['ledger_id', 'entry_id', 'batch_index', 'version'].map((name) =>
      Number(row[name]),
    ) as [number, number, number, number];
    return { token, frontier: { ledgerId, entryId, batchIndex, version } };
  }

  /** The statement that moves the frontier; it must change one row, else the run is fenced. Throws `PIO_FENCED` in a session that never fenced. */
  move({ topic, token, from, to }: FrontierMove): Query {
    if (!this.#exists) throw fenced(topic, token, 'it did not fence');
    return {
      text: `UPDATE ${this.#name} SET ledger_id = $1, entry_id = $2, batch_index = $3, version = $4 WHERE connector = $5 AND topic = $6
        AND generation = $7 AND epoch = $8 AND ledger_id = $9 AND entry_id = $10 AND batch_index = $11 AND version = $12`,
      values: [...frontierValues(to), this.#uid, topic, token.generation, token.epoch, ...frontierValues(from)],
    };
  }

  async #create(signal: AbortSignal): Promise<void> {
    const [found] = await this.#connection.send(
      [{ text: 'SELECT to_regclass($1) AS oid', values: [this.#name] }],
      signal,
    );
    if (found?.rows[0]?.oid) return;
    const create: Query = { text: `CREATE TABLE IF NOT EXISTS ${this.#name} ${COLUMNS}` };
    try {
      await this.#connection.send([create], signal);
    } catch (error) {
      const known = postgresError(error, `creating the table of frontiers ${this.#name}`);
      if (isCreatedMeanwhile(error)) return;
      if (postgresCode(error) !== 'PIO_SINK_MISCONFIGURED') throw known;
      throw new PulsarIoError(
        known.code,
        `${known.message}; give the right to, or create it: ${create.text.replaceAll(/\s+/g, ' ')}`,
        { cause: error },
      );
    }
  }
}

/** Two runs that create a table at once: the catalogue's own unique index refuses the second. */
const isCreatedMeanwhile = (error: unknown): boolean =>
  ['23505', '42P07'].includes(String((error as { code?: unknown }).code));
