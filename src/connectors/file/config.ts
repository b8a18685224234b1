import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { choice, pulsarKey, splitList, strictObject, wholeMatch } from '../config.ts';

/** How the cells of a CSV column are turned into JSON. */
export const CSV_TYPES = ['string', 'integer', 'number', 'boolean', 'json'] as const;
/** One of {@link CSV_TYPES}. */
export type CsvType = (typeof CSV_TYPES)[number];

const optionalCount = (description: string, javaType: string) =>
  Type.Optional(Type.Integer({ minimum: 0, description, ...pulsarKey(javaType) }));

/** Keys of Pulsar's `FileSourceConfig`, then ours. */
export const fileConfig = strictObject({
  inputDirectory: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Directory whose files are read. Give this or `path`.',
      ...pulsarKey('java.lang.String', '', { required: true }),
    }),
  ),
  recurse: Type.Boolean({
    default: true,
    description: 'Whether files in sub-directories are read too.',
    ...pulsarKey('java.lang.Boolean', 'true'),
  }),
  keepFile: Type.Optional(
    Type.Boolean({
      description:
        'Files are always kept, and each is read once, so `true` is the only value taken. Pulsar deletes a file after reading unless this is true.',
      ...pulsarKey('java.lang.Boolean', 'false'),
    }),
  ),
  fileFilter: Type.String({
    default: '[^.].*',
    description: 'Regular expression that the whole file name must match.',
    ...pulsarKey('java.lang.String', '[^.].*'),
  }),
  pathFilter: Type.Optional(
    Type.String({
      description:
        'Regular expression that the whole path of a sub-directory, relative to `inputDirectory`, must match.',
      ...pulsarKey('java.lang.String'),
    }),
  ),
  minimumFileAge: optionalCount(
    'Files modified less than this ago are left for later, in milliseconds.',
    'java.lang.Integer',
  ),
  maximumFileAge: optionalCount(
    'Files modified longer ago are ignored, in milliseconds; also what is still unread of one that was begun.',
    'java.lang.Long',
  ),
  minimumSize: Type.Integer({
    minimum: 0,
    default: 1,
    description: 'Smaller files are left for later, in bytes.',
    ...pulsarKey('java.lang.Integer', '1'),
  }),
  maximumSize: Type.Optional(
    Type.Number({
      minimum: 0,
      description: 'Larger files are ignored, in bytes; also what is still unread of one that grew over it.',
      ...pulsarKey('java.lang.Double'),
    }),
  ),
  ignoreHiddenFiles: Type.Boolean({
    default: true,
    description: 'Whether files whose name begins with a dot are ignored.',
    ...pulsarKey('java.lang.Boolean', 'true'),
  }),
  pollingInterval: Type.Integer({
    minimum: 1,
    default: 10_000,
    description: 'How long to wait before looking for new files and new data, in milliseconds.',
    ...pulsarKey('java.lang.Long', '10000'),
  }),
  numWorkers: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'Accepted and not used: the files are shared by the instances, so use `parallelism`.',
      ...pulsarKey('java.lang.Integer', '1'),
    }),
  ),
  processedFileSuffix: Type.Optional(
    Type.String({
      description: 'Refused: a file is never renamed, as its name says where its data was read up to.',
      ...pulsarKey('java.lang.String'),
    }),
  ),
  path: Type.Optional(Type.String({ minLength: 1, description: 'One file to read, instead of `inputDirectory`.' })),
  format: choice(['lines', 'ndjson', 'csv'], {
    default: 'lines',
    description:
      'What a record is: `lines`, each line as bytes; `ndjson`, each line, which must be JSON, as bytes; `csv`, each row as a JSON object.',
  }),
  follow: Type.Boolean({
    default: true,
    description: 'Whether to go on when everything is read: waiting for new data. False: the source is done then.',
  }),
  lastLine: choice(['wait', 'take'], {
    default: 'wait',
    description:
      'A last line without a line end: `wait` until it is complete, or `take` it as it is. With `take`, what is appended to that line later is a record of its own.',
  }),
  maxRecordBytes: Type.Integer({
    minimum: 1,
    maximum: 256 * 1024 * 1024,
    default: 5 * 1024 * 1024,
    description: 'Largest record. A larger one stops the source: nothing is skipped.',
  }),
  keyField: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Field of the JSON object or column that becomes the key (`ndjson`, `csv`). Absent: file name and line number, as in Pulsar.',
    }),
  ),
  csvColumns: Type.Optional(
    Type.String({
      description: 'Comma-separated column names of a file without header row. Absent: the first row names them.',
    }),
  ),
  csvTypes: Type.Optional(
    Type.Record(Type.String(), choice(CSV_TYPES, {}), {
      description:
        'Column name → `string`, `integer`, `number`, `boolean` or `json`. Columns that are not named are strings. An empty cell of another type is null.',
    }),
  ),
  csvDelimiter: Type.String({
    minLength: 1,
    maxLength: 1,
    default: ',',
    description: 'Character between two columns.',
  }),
});

/** Validated configuration of the file source. */
export type FileConfig = Static<typeof fileConfig>;

/** Keys that say what a record is, whatever the bytes lie in. */
export type RecordConfig = Pick<
  FileConfig,
  'format' | 'lastLine' | 'maxRecordBytes' | 'keyField' | 'csvColumns' | 'csvTypes' | 'csvDelimiter'
>;

const patternProblem = (path: string, pattern: string | undefined): Problem[] =>
  pattern === undefined || wholeMatch(pattern) ? [] : [{ path, message: 'must be a regular expression' }];

const refuse = (isWrong: boolean, path: string, message: string): Problem[] => (isWrong ? [{ path, message }] : []);

/** Cross-field rules of {@link fileConfig}. */
export const checkFileConfig = (config: FileConfig, guarantee: Guarantee): readonly Problem[] => [
  ...refuse(
    (config.path === undefined) === (config.inputDirectory === undefined),
    '/configs/path',
    'give exactly one of path and inputDirectory',
  ),
  ...refuse(
    config.keepFile === false,
    '/configs/keepFile',
    'must be true: files are never deleted here, as a run that repeats after a crash must find them; leave it out and delete them by a job of your own',
  ),
  ...refuse(
    config.processedFileSuffix !== undefined,
    '/configs/processedFileSuffix',
    'must be absent: files are never renamed here; each is read once without it',
  ),
  ...checkRecordConfig(config),
  ...refuse(
    config.lastLine === 'take' && guarantee === 'EFFECTIVELY_ONCE',
    '/configs/lastLine',
    'must be wait under EFFECTIVELY_ONCE: a line taken before it is complete is another record when it is read again',
  ),
  ...patternProblem('/configs/fileFilter', config.fileFilter),
  ...patternProblem('/configs/pathFilter', config.pathFilter),
];

/** Cross-field rules of {@link RecordConfig}. */
export const checkRecordConfig = (config: RecordConfig): Problem[] => [
  ...refuse(
    config.keyField !== undefined && config.format === 'lines',
    '/configs/keyField',
    'needs the format ndjson or csv: a plain line has no fields',
  ),
  ...refuse(
    config.format !== 'csv' && (config.csvTypes !== undefined || config.csvColumns !== undefined),
    '/configs/format',
    'must be csv for csvTypes and csvColumns to have a meaning',
  ),
  ...refuse(
    config.csvDelimiter === '"' ||
      config.csvDelimiter === '\n' ||
      config.csvDelimiter === '\r' ||
      config.csvDelimiter > '\x7f',
    '/configs/csvDelimiter',
    'must be an ASCII character other than a quote or a line end',
  ),
  ...columnProblems(config),
];

const columnProblems = ({ csvColumns, csvTypes, keyField }: RecordConfig): Problem[] => {
  if (csvColumns === undefined) return [];
  const columns = splitList(csvColumns);
  const missing = [...Object.keys(csvTypes ?? {}), ...(keyField ? [keyField] : [])].filter(
    (it) => !columns.includes(it),
  );
  return [
    ...refuse(columns.length === 0, '/configs/csvColumns', 'must name at least one column'),
    ...refuse(new Set(columns).size < columns.length, '/configs/csvColumns', 'must not name a column twice'),
    ...missing.map((name) => ({
      path: '/configs/csvColumns',
      message: `must name the column ${name}, which csvTypes or keyField uses`,
    })),
  ];
};
