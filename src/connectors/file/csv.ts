import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { PulsarIoError } from '../../core/errors.ts';
import { parseExact } from '../../core/exact-json.ts';
import { splitList } from '../config.ts';
import type { CsvType, RecordConfig } from './config.ts';

/** A row as a JSON object, or why it is none. */
export type Row = Readonly<Record<string, unknown>> | PulsarIoError;

/** Turns the bytes of CSV rows into objects. */
export interface CsvRows {
  /** `region` holds exactly `count` rows and any number of empty lines. */
  objects(region: Buffer, count: number): readonly Row[];
}

/** Column names of a file without header row; undefined: its first row has them. */
export const givenColumns = ({ csvColumns }: RecordConfig): string[] | undefined =>
  csvColumns === undefined ? undefined : splitList(csvColumns);

/** Column names in the header row of `file`. Throws a fatal `PIO_SOURCE_RECORD_INVALID` when no row can be read by them. */
export const headerColumns = (header: Buffer, config: RecordConfig, file: string): string[] => {
  const columns = rowsOf(header, config.csvDelimiter)?.[0] ?? [];
  const problem = headerProblem(columns, config);
  if (problem === undefined) return columns;
  throw new PulsarIoError('PIO_SOURCE_RECORD_INVALID', `the header row of ${file} ${problem}`, {
    disposition: 'fatal',
  });
};

const headerProblem = (columns: readonly string[], { csvTypes, keyField }: RecordConfig): string | undefined => {
  if (columns.length === 0) return 'is no CSV row';
  if (new Set(columns).size < columns.length) return 'names a column twice';
  const wanted = [...Object.keys(csvTypes ?? {}), ...(keyField ? [keyField] : [])];
  const missing = wanted.filter((name) => !columns.includes(name));
  return missing.length === 0 ? undefined : `has no column ${missing.join(', ')}, which csvTypes or keyField names`;
};

/** Cells of each row, or undefined when one of them is not CSV or not UTF-8. */
const rowsOf = (region: Buffer, delimiter: string): string[][] | undefined => {
  if (!isUtf8(region)) return undefined;
  try {
    return parse(region, {
      delimiter,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      skip_empty_lines: true,
    });
  } catch {
    return undefined;
  }
};

/** Reads rows by `columns`; a wrong row is an error in its place. */
export const csvRows = (columns: readonly string[], { csvDelimiter, csvTypes = {} }: RecordConfig): CsvRows => {
  const toObject = rowReader(columns, csvTypes);
  return {
    objects: (region, count) => {
      const rows = rowsOf(region, csvDelimiter);
      // One wrong row spoils the whole region for the parser: the caller then asks row by row.
      if (rows?.length !== count) return count === 1 ? [invalid('is not CSV in UTF-8')] : [];
      return rows.map(toObject);
    },
  };
};

const rowReader = (columns: readonly string[], types: Readonly<Record<string, CsvType>>) => {
  const casts = columns.map((name) => CASTS[types[name] ?? 'string']);
  return (cells: readonly string[]): Row => {
    if (cells.length !== columns.length) return invalid(`has ${cells.length} columns, the header ${columns.length}`);
    const entries: [string, unknown][] = [];
    for (let i = 0; i < columns.length; i++) {
      const value = (casts[i] as Cast)(cells[i] as string);
      if (value === undefined)
        return invalid(`has a cell in column ${columns[i]} that is no ${types[columns[i] as string]}`);
      entries.push([columns[i] as string, value]);
    }
    return Object.fromEntries(entries);
  };
};

/** Value of a cell; undefined: the cell does not hold one. */
type Cast = (cell: string) => unknown;

const jsonOf = (cell: string): unknown => {
  try {
    return parseExact(cell);
  } catch {
    return undefined;
  }
};

const numberOf = (cell: string): number | undefined =>
  /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell) && Number.isFinite(Number(cell)) ? Number(cell) : undefined;

const BOOLEANS = new Map<string, boolean | null>([
  ['', null],
  ['true', true],
  ['TRUE', true],
  ['1', true],
  ['false', false],
  ['FALSE', false],
  ['0', false],
]);

const CASTS: Readonly<Record<CsvType, Cast>> = {
  string: (cell) => cell,
  integer: (cell) => {
    if (cell === '') return null;
    return /^-?\d+$/.test(cell) && Number.isSafeInteger(Number(cell)) ? Number(cell) : undefined;
  },
  number: (cell) => (cell === '' ? null : numberOf(cell)),
  boolean: (cell) => BOOLEANS.get(cell),
  json: (cell) => (cell === '' ? null : jsonOf(cell)),
};

const invalid = (what: string): PulsarIoError => new PulsarIoError('PIO_SOURCE_RECORD_INVALID', `the row ${what}`);
