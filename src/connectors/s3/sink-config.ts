import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import type { AwsClientConfig } from '../aws/client-options.ts';
import { choice, pulsarKey, secretString, splitList, strictObject } from '../config.ts';
import { PARQUET_CODECS, parquetColumns } from './parquet.ts';
import { timePattern } from './time-path.ts';

const javaString = (defaultValue = '') => pulsarKey('java.lang.String', defaultValue);
const javaBoolean = (defaultValue: 'true' | 'false') => pulsarKey('boolean', defaultValue);
const UNUSED = 'Accepted and not used: ';
const unusedFlag = (why: string) =>
  Type.Optional(Type.Boolean({ description: `${UNUSED}${why}.`, ...javaBoolean('false') }));

/** Keys of StreamNative's `CloudStorageSinkConfig`, in its order, then ours. */
export const s3SinkConfig = strictObject({
  provider: Type.String({
    default: 's3v2',
    pattern: '^([aA][wW][sS]-[sS]3|[sS]3[vV]2)$',
    description: '`aws-s3` or `s3v2`: both are S3 here.',
    ...pulsarKey('java.lang.String', '', { required: true }),
  }),
  bucket: Type.String({
    pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
    description: 'Bucket; it must exist.',
    ...pulsarKey('java.lang.String', '', { required: true }),
  }),
  region: Type.String({ default: '', description: 'Region; needed without `endpoint`.', ...javaString() }),
  endpoint: Type.String({
    default: '',
    pattern: '^(https?://.+)?$',
    description: 'Address of the service where it is not the region’s own.',
    ...javaString(),
  }),
  usePathStyleUrl: Type.Boolean({
    default: true,
    description: 'Whether the bucket is part of the path with `endpoint`; without, S3’s own hosts are used.',
    ...javaBoolean('true'),
  }),
  awsCannedAcl: Type.Optional(
    Type.String({ pattern: '^[a-z-]*$', description: 'Canned access control list of each object.', ...javaString() }),
  ),
  skipFailedMessages: unusedFlag('what fails goes to the dead-letter topic, or is tried again'),
  partitionerType: Type.String({
    default: 'partition',
    pattern: '^([pP][aA][rR][tT][iI][tT][iI][oO][nN]|[tT][iI][mM][eE]|default)$',
    description:
      '`partition`: objects lie under their topic. `time`: under its topic and the time of their first record.',
    ...javaString('partition'),
  }),
  pathPrefix: Type.String({
    default: '',
    maxLength: 512,
    pattern: '^([^/].*/)?$',
    description: 'What every object’s name begins with; ends with `/`.',
    ...javaString(),
  }),
  withTopicPartitionNumber: Type.Boolean({
    default: true,
    description: 'Whether the number of the topic’s partition is in the path.',
    ...javaBoolean('true'),
  }),
  partitionerWithTopicName: Type.Boolean({
    default: true,
    description: 'Whether tenant, namespace and topic are in the path.',
    ...javaBoolean('true'),
  }),
  partitionerUseIndexAsOffset: unusedFlag('a name has the id of the first record'),
  timePartitionPattern: Type.String({
    default: 'yyyy-MM-dd',
    minLength: 1,
    maxLength: 100,
    description: 'Path of a time (UTC): `yyyy`, `MM`, `dd`, `HH`, `mm`, `ss`, and anything in single quotes.',
    ...javaString('yyyy-MM-dd'),
  }),
  timePartitionDuration: Type.String({
    default: '86400000',
    pattern: '^[1-9]\\d{0,11}[dDhHms]?$',
    description: 'To what the time is rounded down: `30d`, `24h`, `30m`, `10s`, or milliseconds.',
    ...javaString('86400000'),
  }),
  sliceTopicPartitionPath: Type.Boolean({
    default: false,
    description: 'Whether the number of the partition is a folder of its own.',
    ...javaBoolean('false'),
  }),
  formatType: Type.String({
    default: 'json',
    pattern: '^([jJ][sS][oO][nN]|[bB][yY][tT][eE][sS]|[pP][aA][rR][qQ][uU][eE][tT]|csv)$',
    description:
      '`json`: a JSON object in each line. `bytes`: payloads as they are, with separators. `parquet`: rows of `parquetColumns`. `csv` is ours.',
    ...javaString('json'),
  }),
  avroCodec: Type.Optional(Type.String({ description: `${UNUSED}there is no Avro format.`, ...javaString('snappy') })),
  parquetCodec: Type.String({
    default: 'gzip',
    pattern: `^(${PARQUET_CODECS.join('|')})$`,
    description: `With \`parquet\`, how its pages are compressed: ${PARQUET_CODECS.map((codec) => `\`${codec}\``).join(', ')}.`,
    ...javaString('gzip'),
  }),
  bytesFormatTypeSeparator: Type.String({
    default: '0x10',
    pattern: '^0x([0-9A-Fa-f]{2})+$',
    description: 'With `bytes`: what follows each record, in hexadecimal.',
    ...javaString('0x10'),
  }),
  jsonAllowNaN: unusedFlag('JSON has no such numbers'),
  maxBatchBytes: Type.Integer({
    minimum: 1,
    maximum: 64 * 1024 * 1024,
    default: 10_000_000,
    description: 'Payload bytes at which an object is written.',
    ...pulsarKey('long', '10000000'),
  }),
  batchSize: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 1_000,
    description: 'Records at which an object is written.',
    ...pulsarKey('int', '10'),
  }),
  batchTimeMs: Type.Integer({
    minimum: 1,
    maximum: 60_000,
    default: 1_000,
    description: 'Milliseconds after its first record at which an object is written.',
    ...pulsarKey('long', '1000'),
  }),
  batchModel: Type.Optional(
    Type.String({ description: `${UNUSED}each topic has batches of its own.`, ...javaString('BLEND') }),
  ),
  pendingQueueSize: Type.Optional(
    Type.Integer({ description: `${UNUSED}\`receiverQueueSize\` bounds what waits.`, ...pulsarKey('int', '-1') }),
  ),
  partitioner: Type.Optional(Type.String({ description: `${UNUSED}\`partitionerType\` decides.`, ...javaString() })),
  withMetadata: Type.Boolean({
    default: false,
    description: 'With `json`: whether each object has `__message_metadata__` (properties, schemaVersion, messageId).',
    ...javaBoolean('false'),
  }),
  useHumanReadableMessageId: unusedFlag('message ids are `ledger:entry:index`'),
  useHumanReadableSchemaVersion: unusedFlag('schema versions are in hexadecimal'),
  includeTopicToMetadata: Type.Boolean({
    default: false,
    description: 'Whether the metadata have the `topic`.',
    ...javaBoolean('false'),
  }),
  includePublishTimeToMetadata: Type.Boolean({
    default: false,
    description: 'Whether the metadata have the `publishTime`.',
    ...javaBoolean('false'),
  }),
  includeMessageKeyToMetadata: Type.Boolean({
    default: false,
    description: 'Whether the metadata have the `key`.',
    ...javaBoolean('false'),
  }),
  accessKeyId: secretString({
    default: '',
    description: 'Empty: the role of the function that runs the connector.',
    ...javaString(),
  }),
  secretAccessKey: secretString({ default: '', description: 'Belongs to `accessKeyId`.', ...javaString() }),
  role: Type.Optional(
    Type.String({
      pattern: '^(none)?$',
      description: 'Empty or `none`: no other role is taken on.',
      ...javaString(),
    }),
  ),
  roleSessionName: Type.Optional(Type.String({ description: `${UNUSED}no other role is taken on.`, ...javaString() })),
  compression: choice(['none', 'gzip'], { default: 'none', description: '`gzip`: names end with `.gz`.' }),
  csvColumns: Type.Optional(
    Type.String({ minLength: 1, description: 'With `csv`, which needs it: comma-separated fields, one column each.' }),
  ),
  parquetColumns: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'With `parquet`, which needs it: comma-separated columns, `name:TYPE`, of `BOOLEAN`, `INT32`, `INT64`, `FLOAT`, `DOUBLE`, `STRING`, `BYTES`, `TIMESTAMP`. Any may be null.',
    }),
  ),
  csvHeader: Type.Boolean({ default: true, description: 'With `csv`: whether objects begin with the columns’ names.' }),
});

/** Validated configuration of the s3 sink. */
export type S3SinkConfig = Static<typeof s3SinkConfig>;

/** What an object holds, of {@link S3SinkConfig}'s `formatType`, which may be in any case. */
export const formatOf = ({ formatType }: Pick<S3SinkConfig, 'formatType'>) =>
  formatType.toLowerCase() as 'json' | 'bytes' | 'csv' | 'parquet';

/** Columns of a CSV object. */
export const columnsOf = ({ csvColumns }: S3SinkConfig): string[] => splitList(csvColumns);

/** Where the bucket is, in the words of the other AWS connectors. */
export const clientConfigOf = (config: S3SinkConfig): AwsClientConfig => {
  const { endpoint, region, accessKeyId: accessKey, secretAccessKey: secretKey } = config;
  const awsCredentialPluginParam = accessKey === '' ? '' : JSON.stringify({ accessKey, secretKey });
  return {
    awsEndpoint: endpoint,
    awsRegion: region || 'us-east-1',
    awsCredentialPluginName: '',
    awsCredentialPluginParam,
  };
};

/** Cross-field rules of {@link s3SinkConfig}. */
export const checkS3Sink = (config: S3SinkConfig): Problem[] => {
  const problems: Problem[] = [];
  const { endpoint, region, accessKeyId, secretAccessKey, timePartitionPattern } = config;
  const problem = (key: string, message: string) => problems.push({ path: `/configs/${key}`, message });
  if (endpoint === '' && region === '') problem('region', 'is needed without endpoint');
  if ((accessKeyId === '') !== (secretAccessKey === ''))
    problem('secretAccessKey', 'must be given with accessKeyId, and only with it');
  if (formatOf(config) === 'csv' && columnsOf(config).length === 0) problem('csvColumns', 'is needed with csv');
  if (formatOf(config) === 'parquet') {
    const columns = parquetColumns(config.parquetColumns);
    if (typeof columns === 'string') problem('parquetColumns', columns);
    if (config.compression !== 'none') problem('compression', 'must be none with parquet: parquetCodec compresses');
  }
  if (timePattern(timePartitionPattern) === undefined)
    problem('timePartitionPattern', 'must be made of yyyy, MM, dd, HH, mm, ss, signs, and text in single quotes');
  return problems;
};
