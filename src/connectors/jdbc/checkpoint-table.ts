import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { FrontierMove, FrontierRow } from '../../core/connector-type.ts';
import type { Frontier } from '../../core/frontier.ts';
import { compareTokens, type Token } from '../../core/token.ts';
import { fenced } from '../fenced.ts';

/** Name of the table that holds our frontiers, beside the data. */
export const CHECKPOINT_TABLE = 'pulsar_io_checkpoint';

const CREATE = `CREATE TABLE IF NOT EXISTS ${CHECKPOINT_TABLE} (
  connector TEXT NOT NULL, topic TEXT NOT NULL,
  generation INTEGER NOT NULL, epoch INTEGER NOT NULL,
  ledger_id INTEGER NOT NULL, entry_id INTEGER NOT NULL, batch_index INTEGER NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (connector, topic)
) WITHOUT ROWID`;

const WHERE = 'connector = ? AND topic = ?';

const MOVE = `UPDATE ${CHECKPOINT_TABLE} SET ledger_id = ?, entry_id = ?, batch_index = ?, version = ?
  WHERE ${WHERE} AND generation = ? AND epoch = ? AND ledger_id = ? AND entry_id = ? AND batch_index = ? AND version = ?`;

/** A frontier as the values of its columns, in their order. */
export const frontierValues = ({ ledgerId, entryId, batchIndex, version }: Frontier): number[] => [
  ledgerId,
  entryId,
  batchIndex,
  version,
];

/** The frontiers of one connector. Every method belongs into a transaction that has the write lock. */
export class CheckpointTable {
  readonly #database: DatabaseSync;
  readonly #uid: string;
  #move: StatementSync | undefined;

  constructor(database: DatabaseSync, uid: string) {
    this.#database = database;
    this.#uid = uid;
  }

  /**
   * Stores `token` if it is newer than the stored one, with `initial` when the topic has no row, and returns the row as it is then.
   * Throws `PIO_FENCED` when the stored token is newer or equal.
   */
  fence(topic: string, token: Token, initial: Frontier): FrontierRow {
    this.#database.exec(CREATE);
    const row = this.#read(topic);
    if (row === undefined) {
      const insert = `INSERT INTO ${CHECKPOINT_TABLE} VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
      this.#database.prepare(insert).run(this.#uid, topic, token.generation, token.epoch, ...frontierValues(initial));
      return { token, frontier: initial };
    }
    if (compareTokens(row.token, token) >= 0)
      throw fenced(topic, token, 'a run with a newer or the same token was here');
    const update = `UPDATE ${CHECKPOINT_TABLE} SET generation = ?, epoch = ? WHERE ${WHERE}`;
    this.#database.prepare(update).run(token.generation, token.epoch, this.#uid, topic);
    return { token, frontier: row.frontier };
  }

  /** Moves the frontier if token and frontier are stored as `move` expects; else throws `PIO_FENCED`. */
  move({ topic, token, from, to }: FrontierMove): void {
    this.#move ??= this.#prepareMove(topic, token);
    const { changes } = this.#move.run(
      ...frontierValues(to),
      this.#uid,
      topic,
      token.generation,
      token.epoch,
      ...frontierValues(from),
    );
    if (changes !== 1) throw fenced(topic, token, 'its token or frontier is not the stored one');
  }

  #prepareMove(topic: string, token: Token): StatementSync {
    const exists = this.#database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(CHECKPOINT_TABLE);
    if (exists === undefined) throw fenced(topic, token, `there is no table ${CHECKPOINT_TABLE}`);
    return this.#database.prepare(MOVE);
  }

  #read(topic: string): FrontierRow | undefined {
    const row = this.#database.prepare(`SELECT * FROM ${CHECKPOINT_TABLE} WHERE ${WHERE}`).get(this.#uid, topic) as
      | Record<string, number>
      | undefined;
    if (row === undefined) return undefined;
    const value = (name: string): number => row[name] as number;
    return {
      token: { generation: value('generation'), epoch: value('epoch') },
      frontier: {
        ledgerId: value('ledger_id'),
        entryId: value('entry_id'),
        batchIndex: value('batch_index'),
        version: value('version'),
      },
    };
  }
}
