import type { QueryResult } from 'pg';
import type { FrontierMove, FrontierRow, TransactionalSink } from '../../../core/connector-type.ts';
import { PulsarIoError } from '../../../core/errors.ts';
import type { Frontier } from '../../../core/frontier.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../../core/record.ts';
import type { Token } from '../../../core/token.ts';
import { fenced } from '../../fenced.ts';
import type { PlaceOf, Places } from '../../places.ts';
import { recordId } from '../../record-id.ts';
import { Turns } from '../../turns.ts';
import type { CheckpointTable } from './checkpoint-table.ts';
import type { Connection } from './connection.ts';
import { isRejection, postgresError } from './errors.ts';
import type { Query, Row, Statements } from './statements.ts';
import type { PostgresTable } from './table.ts';

/** A table that is written to. */
export interface PostgresPlace {
  readonly table: PostgresTable;
  readonly statements: Statements;
  /** Names the table and its database in error messages. */
  readonly target: string;
}

/** What a session works with. */
export interface SessionParts {
  readonly connection: Connection;
  readonly places: Places<PostgresPlace>;
  readonly checkpoints: CheckpointTable;
}

interface Item {
  readonly index: number;
  readonly record: SinkRecord;
  readonly place: PostgresPlace;
  readonly row: Row;
}

type Failures = Map<number, PulsarIoError>;

/** An open jdbc-postgres sink. */
export class PostgresSession implements TransactionalSink {
  readonly #parts: SessionParts;
  readonly #turns = new Turns();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    return this.#turn('writing to', async () => {
      const failures: Failures = new Map();
      const items = await this.#items(records, failures, signal);
      if (!(await this.#wroteAll(items, signal))) await this.#writeOthers(items, failures, signal);
      return records.map((_, index) => resultOf(failures.get(index)) ?? WRITTEN);
    });
  }

  fence(topic: string, token: Token, initial: Frontier, signal: AbortSignal): Promise<FrontierRow> {
    return this.#turn(`fencing ${topic} in`, () => this.#parts.checkpoints.fence(topic, token, initial, signal));
  }

  transact(
    records: readonly SinkRecord[],
    move: FrontierMove,
    signal: AbortSignal,
  ): Promise<readonly (RecordResult | undefined)[] | undefined> {
    return this.#turn('writing to', async () => {
      const failures: Failures = new Map();
      const items = await this.#items(records, failures, signal);
      const isDone =
        failures.size === 0 && (await this.#committed(this.#queries(items), signal, move))
          ? true
          : await this.#committedCarefully(items, failures, signal, move);
      return isDone ? undefined : records.map((_, index) => resultOf(failures.get(index)));
    });
  }

  async describe(record: SinkRecord, signal: AbortSignal): Promise<unknown> {
    const placeOf = await this.#parts.places.lookUp([record], signal);
    return placeOf(record).statements.describe(record);
  }

  close(): Promise<void> {
    return this.#parts.connection.close();
  }

  #turn<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(work).catch((error) => {
      const { places } = this.#parts;
      throw places.doubted(postgresError(error, `${doing} ${places.home.target}`));
    });
  }

  async #items(records: readonly SinkRecord[], failures: Failures, signal: AbortSignal): Promise<Item[]> {
    const placeOf = await this.#parts.places.lookUp(records, signal);
    return records.flatMap((record, index) => this.#item(record, index, placeOf, failures));
  }

  #item(record: SinkRecord, index: number, placeOf: PlaceOf<PostgresPlace>, failures: Failures): Item[] {
    let place = this.#parts.places.home;
    try {
      place = placeOf(record);
      return [{ index, record, place, row: place.statements.row(record) }];
    } catch (error) {
      failures.set(index, this.#failure({ record, place }, error));
      return [];
    }
  }

  #failure({ record, place }: Pick<Item, 'record' | 'place'>, error: unknown): PulsarIoError {
    const doing = `writing ${recordId(record)} to ${place.target}`;
    return error instanceof PulsarIoError
      ? new PulsarIoError(error.code, `${doing}: ${error.message}`)
      : postgresError(error, doing);
  }

  #queries(items: readonly Item[]): Query[] {
    return runsOf(items).flatMap((run) => run[0].place.statements.queries(run.map(({ row }) => row)));
  }

  /** False when nothing was written, as a record is to blame. */
  async #wroteAll(items: readonly Item[], signal: AbortSignal): Promise<boolean> {
    const queries = this.#queries(items);
    if (queries.length > 1) return this.#committed(queries, signal);
    try {
      await this.#parts.connection.send(queries, signal);
      return true;
    } catch (error) {
      return nothingWritten(error);
    }
  }

  /** One transaction; false when a record is to blame and it was rolled back. Throws `PIO_FENCED` when the frontier is not where `move` expects it. */
  async #committed(queries: readonly Query[], signal: AbortSignal, move?: FrontierMove): Promise<boolean> {
    const { connection } = this.#parts;
    try {
      await connection.transaction([...this.#moving(move), ...queries], signal, async (results) => {
        checkMoved(results, move);
        await connection.commit(signal);
      });
      return true;
    } catch (error) {
      return nothingWritten(error);
    }
  }

  /** The same with savepoints, so that all records that are to blame are known: then it is rolled back, and false. */
  async #committedCarefully(
    items: readonly Item[],
    failures: Failures,
    signal: AbortSignal,
    move?: FrontierMove,
  ): Promise<boolean> {
    const { connection } = this.#parts;
    try {
      return await connection.transaction(this.#moving(move), signal, async (results) => {
        checkMoved(results, move);
        await this.#runOrHalve(items, failures, signal);
        if (move && failures.size > 0) await connection.rollback(signal);
        else await connection.commit(signal);
        return !move || failures.size === 0;
      });
    } catch (error) {
      return nothingWritten(error);
    }
  }

  #moving(move: FrontierMove | undefined): Query[] {
    return move ? [this.#parts.checkpoints.move(move)] : [];
  }

  /** Runs what can be run within the transaction; the others become failures. */
  async #runOrHalve(items: readonly Item[], failures: Failures, signal: AbortSignal): Promise<void> {
    const { connection } = this.#parts;
    if (items.length === 0) return;
    try {
      await connection.send(
        [{ text: 'SAVEPOINT part' }, ...this.#queries(items), { text: 'RELEASE SAVEPOINT part' }],
        signal,
      );
    } catch (error) {
      nothingWritten(error);
      await connection.send([{ text: 'ROLLBACK TO SAVEPOINT part' }, { text: 'RELEASE SAVEPOINT part' }], signal);
      const [only] = items;
      if (only && items.length === 1) failures.set(only.index, this.#failure(only, error));
      else for (const half of halves(items)) await this.#runOrHalve(half, failures, signal);
    }
  }

  /** Writes what can be written. Where a constraint is only checked at commit, each record has a transaction of its own. */
  async #writeOthers(items: readonly Item[], failures: Failures, signal: AbortSignal): Promise<void> {
    if (await this.#committedCarefully(items, failures, signal)) return;
    for (const item of items) {
      if (failures.has(item.index)) continue;
      try {
        await this.#parts.connection.send(this.#queries([item]), signal);
      } catch (error) {
        nothingWritten(error);
        failures.set(item.index, this.#failure(item, error));
      }
    }
  }
}

/** Items of one table each. Rows of tables that have nothing to do with others need not keep their order with those. */
const runsOf = (items: readonly Item[]): [Item, ...Item[]][] => {
  const nameOf = ({ place }: Item): string => place.table.name;
  if (!items.some(({ place }) => place.table.isBound)) return [...Map.groupBy(items, nameOf).values()] as [Item][];
  const runs: [Item, ...Item[]][] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last && nameOf(last[0]) === nameOf(item)) last.push(item);
    else runs.push([item]);
  }
  return runs;
};

/** False for an error that blames a record; throws any other. */
const nothingWritten = (error: unknown): false => {
  if (error instanceof PulsarIoError || !isRejection(error)) throw error;
  return false;
};

const checkMoved = ([moved]: readonly QueryResult[], move: FrontierMove | undefined): void => {
  if (move && moved?.rowCount !== 1)
    throw fenced(move.topic, move.token, 'its token or frontier is not the stored one');
};

const halves = <T>(items: readonly T[]): T[][] => {
  const middle = items.length >> 1;
  return [items.slice(0, middle), items.slice(middle)];
};

const resultOf = (error: PulsarIoError | undefined): RecordResult | undefined => error && { ok: false, error };
