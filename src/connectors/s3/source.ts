import { defineBatchSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { bucketArn, checkS3Config, s3Config } from './config.ts';
import { tasksOfEvent } from './objects.ts';

/** Longer than anybody rests: an object is told from one that was read before by this memory. */
const REMEMBER_MS = 400 * 86_400_000;

/**
 * Publishes the records of a bucket's objects, found by listing it at certain times or by events. A task is a version of an object (key and entity tag), which never
 * changes and is read once.
 */
export const s3Source = defineBatchSource<typeof s3Config>({
  name: 's3',
  summary: 'Publishes the records of objects in an AWS S3 bucket',
  className: 'pulsar-io-serverless.S3Source',
  guarantees: GUARANTEES,
  config: s3Config,
  check: checkS3Config,
  rememberMs: REMEMBER_MS,
  trigger: (config) => (config.trigger === 'event' ? { kind: 'notifications', arn: bucketArn(config) } : undefined),
  tasksOf: tasksOfEvent,
  open: async (config) => (await import('./bucket.ts')).openBucket(config),
});
