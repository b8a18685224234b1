import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const require = createRequire(import.meta.url);

/** The postal codes of the United States: a file that a source reads, and a database that a sink writes. See `samples/README.md`. */
export interface ZipCodes {
  readonly csvFile: string;
  readonly database: string;
}

/** Copies the file, so that lines may be added to it, and makes the table, both unless they are there. */
export const prepareZipCodes = (folder: string): ZipCodes => {
  mkdirSync(folder, { recursive: true });
  const files = { csvFile: join(folder, 'zipcodes.csv'), database: join(folder, 'samples.db') };
  if (!existsSync(files.csvFile)) copyWhole(dataFile('zipcodes.csv'), files.csvFile);
  using db = new DatabaseSync(files.database);
  db.exec('PRAGMA journal_mode = WAL');
  // No primary key: a record that came twice would be there twice, and show.
  db.exec(
    'CREATE TABLE IF NOT EXISTS zip_codes (zip_code TEXT, latitude REAL, longitude REAL, city TEXT, state TEXT, county TEXT)',
  );
  return files;
};

/** Half a copy never has the name. */
const copyWhole = (from: string, to: string): void => {
  copyFileSync(from, `${to}.part`);
  renameSync(`${to}.part`, to);
};

const dataFile = (name: string): string => {
  const entry = require.resolve('vega-datasets');
  return join(dirname(dirname(entry)), 'data', name);
};

/** Complete rows of the file, without its header. */
export const rowsInFile = ({ csvFile }: ZipCodes): number => readFileSync(csvFile, 'latin1').split('\n').length - 2;

/** Reads the database of the samples. */
export class ZipCodesTable implements Disposable {
  readonly #db: DatabaseSync;

  constructor({ database }: ZipCodes) {
    this.#db = new DatabaseSync(database, { readOnly: true });
  }

  count(): number {
    return Number(this.#db.prepare('SELECT count(*) AS n FROM zip_codes').get()?.n);
  }

  /** The states with the most zip codes. */
  topStates(limit: number): Record<string, string>[] {
    const rows = this.#db
      .prepare(
        `SELECT state, count(*) AS "zip codes", count(DISTINCT county) AS counties, printf('%.1f', max(latitude)) AS "northmost latitude"
         FROM zip_codes GROUP BY state ORDER BY 2 DESC LIMIT ?`,
      )
      .all(limit);
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, String(value)])));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
