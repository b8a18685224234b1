import { DatabaseSync } from 'node:sqlite';
import {
  compareTokens,
  defineSink,
  type Frontier,
  type FrontierMove,
  GUARANTEES,
  PulsarIoError,
  type SinkRecord,
  type Token,
  type TransactionalSink,
  Type,
  WRITTEN,
} from 'pulsar-io-serverless/connector';

const config = Type.Object({ path: Type.String({ description: 'SQLite file with a table `ledger (entry TEXT)`.' }) });

interface Row {
  readonly token: Token;
  readonly frontier: Frontier;
}

/** A ledger in a SQLite file: entries and frontiers are committed together. */
class Ledger implements TransactionalSink {
  readonly #database: DatabaseSync;
  readonly #uid: string;

  constructor(path: string, uid: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec('CREATE TABLE IF NOT EXISTS frontiers (id TEXT PRIMARY KEY, row TEXT)');
    this.#uid = uid;
  }

  async write(records: readonly SinkRecord[]) {
    this.#transaction(() => this.#append(records));
    return records.map(() => WRITTEN);
  }

  async fence(topic: string, token: Token, initial: Frontier): Promise<Row> {
    return this.#transaction(() => {
      const row = this.#row(topic);
      if (row && compareTokens(row.token, token) >= 0) throw fenced(topic);
      return this.#store(topic, { token, frontier: row?.frontier ?? initial });
    });
  }

  async transact(records: readonly SinkRecord[], { topic, token, from, to }: FrontierMove): Promise<undefined> {
    this.#transaction(() => {
      const row = this.#row(topic);
      const isOurs = row && compareTokens(row.token, token) === 0;
      if (!isOurs || JSON.stringify(row.frontier) !== JSON.stringify(from)) throw fenced(topic);
      this.#store(topic, { token, frontier: to });
      this.#append(records);
    });
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #append(records: readonly SinkRecord[]): void {
    const insert = this.#database.prepare('INSERT INTO ledger VALUES (?)');
    for (const { value } of records) insert.run(String(value));
  }

  #row(topic: string): Row | undefined {
    const found = this.#database.prepare('SELECT row FROM frontiers WHERE id = ?').get(`${this.#uid} ${topic}`);
    return found && JSON.parse(String(found.row));
  }

  #store(topic: string, row: Row): Row {
    const text = JSON.stringify(row);
    this.#database.prepare('INSERT OR REPLACE INTO frontiers VALUES (?, ?)').run(`${this.#uid} ${topic}`, text);
    return row;
  }

  #transaction<T>(act: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = act();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

const fenced = (topic: string): Error => new PulsarIoError('PIO_FENCED', `a newer run writes ${topic}`);

/** Appends records to a ledger. */
export const ledgerSink = defineSink<typeof config>({
  name: 'ledger',
  summary: 'Appends records to a ledger.',
  className: 'LedgerSink',
  guarantees: GUARANTEES,
  route: 'transactional',
  accepts: 'text',
  config,
  open: async ({ path }, { uid }) => new Ledger(path, uid),
});
