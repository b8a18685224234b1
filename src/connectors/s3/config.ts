import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { checkCredentials } from '../aws/credentials.ts';
import { awsKeys } from '../aws/keys.ts';
import { choice, strictObject } from '../config.ts';
import { checkRecordConfig, fileConfig, type RecordConfig } from '../file/config.ts';

const { maxRecordBytes, keyField, csvColumns, csvTypes, csvDelimiter } = fileConfig.properties;

/** Config of the S3 source. */
export const s3Config = strictObject({
  ...awsKeys,
  bucket: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', description: 'Bucket whose objects are read.' }),
  prefix: Type.String({ default: '', maxLength: 1024, description: 'Only objects whose key begins so.' }),
  suffix: Type.String({ default: '', maxLength: 1024, description: 'Only objects whose key ends so.' }),
  trigger: choice(['discovery', 'event'], {
    default: 'discovery',
    description:
      '`discovery`: the bucket is listed when `batchSourceConfig` or `schedule` says. `event`: S3 or EventBridge calls the function `object-source` for each new object.',
  }),
  lookBackHours: Type.Integer({
    minimum: 1,
    maximum: 24 * 30,
    default: 24,
    description:
      'With `discovery`: objects are looked for that were modified up to so long before the last discovery. A multipart upload bears the time when it began.',
  }),
  format: choice(['lines', 'ndjson', 'csv'], {
    default: 'lines',
    description:
      'What a record is: `lines`, each line as bytes; `ndjson`, each line, which must be JSON, as bytes; `csv`, each row as a JSON object.',
  }),
  maxRecordBytes,
  keyField,
  csvColumns,
  csvTypes,
  csvDelimiter,
});

/** Validated configuration of the S3 source. */
export type S3Config = Static<typeof s3Config>;

/** How the records of an object are read: an object is complete, so its last line is. */
export const recordConfigOf = (config: S3Config): RecordConfig => ({ ...config, lastLine: 'take' });

/** Cross-field rules of {@link s3Config}. */
export const checkS3Config = (config: S3Config): readonly Problem[] => [
  ...checkCredentials(config),
  ...checkRecordConfig(recordConfigOf(config)),
];

/** Amazon resource name of the bucket, as events have it. */
export const bucketArn = ({ awsRegion, bucket }: S3Config): string => {
  const partition = awsRegion.startsWith('cn-') ? 'aws-cn' : awsRegion.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return `arn:${partition}:s3:::${bucket}`;
};

/** True for a key that the configuration selects. */
export const isSelected = ({ prefix, suffix }: S3Config, key: string): boolean =>
  key.startsWith(prefix) && key.endsWith(suffix) && !key.endsWith('/');
