import type { QueryResult } from 'pg';
import { PulsarIoError } from '../../../core/errors.ts';
import { quote } from '../columns.ts';
import type { QueryRow } from '../query-log.ts';
import { rowJson } from '../row-json.ts';
import type { PostgresSourceConfig } from './source.ts';

/** A column of a result: its name and the identifier of its type, of a domain that of the type below it. */
interface Column {
  readonly name: string;
  readonly dataTypeID: number;
}

/** What is selected of `source` for a page, and the rows that an answer to it holds, as `to_json` writes them. */
export interface RowPage {
  readonly select: readonly string[];
  /** Throws `PIO_SOURCE_UNAVAILABLE` where columns have other types than they had. */
  rows(result: QueryResult): readonly QueryRow[];
}

/** Rows as arrays of texts, as PostgreSQL wrote them. */
export const TEXTS = { rowMode: 'array', types: { getTypeParser: () => (text: string) => text } };

/** Values of a row by {@link TEXTS}. */
type Values = readonly (string | null)[];

/** JSON of a value as PostgreSQL writes it in text. */
type ToJson = (text: string) => string;

const asIs: ToJson = (text) => text;
const truth: ToJson = (text) => (text === 't' ? 'true' : 'false');
/** `NaN` and `Infinity` are no JSON: `to_json` gives them as text. */
const number: ToJson = (text) => (/\d$/.test(text) ? text : `"${text}"`);

const JSON_TYPE = 114;

/** What `to_json` makes of the texts of these types, by their identifiers in `pg_type`. Of other types we do not know it. */
const TO_JSON: ReadonlyMap<number, ToJson> = new Map([
  ...[16].map((bool) => [bool, truth] as const),
  ...[20, 21, 23].map((int) => [int, asIs] as const),
  ...[700, 701, 1700].map((floatOrNumeric) => [floatOrNumeric, number] as const),
  ...[JSON_TYPE, 3802].map((jsonOrJsonb) => [jsonOrJsonb, asIs] as const),
  ...[25, 1042, 1043, 2950].map((textOrUuid): [number, ToJson] => [textOrUuid, JSON.stringify]),
]);

const isText = ({ dataTypeID }: Column): boolean => TO_JSON.has(dataTypeID);

/** Text is asked for where it tells what `to_json` would: PostgreSQL needs three times as long to make JSON of a row. */
export const rowPage = (columns: readonly Column[], config: PostgresSourceConfig): RowPage => {
  const { mode, incrementingColumnName, timestampColumnName } = config;
  const select = columns.map((it) => (isText(it) ? sourceColumn(it.name) : `to_json(${sourceColumn(it.name)})`));
  const textAt = (name: string | undefined): number => {
    const at = columns.findIndex((it) => it.name === name && isText(it));
    return at >= 0 || name === undefined ? at : select.push(`${sourceColumn(name)}::text`) - 1;
  };
  const incrementing = textAt(mode.includes('incrementing') ? incrementingColumnName : undefined);
  const timestamp = textAt(mode.includes('timestamp') ? timestampColumnName : undefined);
  return {
    select,
    rows: ({ fields, rows }) => {
      const jsonOf = rowJsonOf(columns, fields);
      return (rows as Values[]).map((values) => ({
        json: jsonOf(values),
        incrementing: values[incrementing] ?? null,
        timestamp: values[timestamp] ?? null,
      }));
    },
  };
};

const sourceColumn = (name: string): string => `source.${quote(name)}`;

const rowJsonOf = (columns: readonly Column[], found: readonly Column[]): ((values: Values) => string) => {
  const toJson = columns.map((column, at) => {
    const type = isText(column) ? column.dataTypeID : JSON_TYPE;
    if (found[at]?.dataTypeID === type) return TO_JSON.get(type) as ToJson;
    throw new PulsarIoError(
      'PIO_SOURCE_UNAVAILABLE',
      `the type of column ${column.name} changed while rows were read from PostgreSQL`,
    );
  });
  const names = columns.map(({ name }) => name);
  return rowJson(names, (value, at) => (value === null ? 'null' : (toJson[at] as ToJson)(value)));
};
