import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkS3Sink, formatOf, s3SinkConfig } from './sink-config.ts';

/**
 * Writes each batch of a topic-partition as an object into an S3 bucket. Under EFFECTIVELY_ONCE the frontier lies in an object of the same bucket, and every object is
 * written once or not at all: see `frontier-object.ts`. Names and keys are those of StreamNative's cloud storage sink.
 */
export const s3Sink = defineSink<typeof s3SinkConfig>({
  name: 's3',
  summary: 'Writes data into objects of an AWS S3 bucket',
  className: 'org.apache.pulsar.io.jcloud.sink.CloudStorageGenericRecordSink',
  configClassName: 'org.apache.pulsar.io.jcloud.sink.CloudStorageSinkConfig',
  guarantees: GUARANTEES,
  route: 'transactional',
  accepts: 'fields',
  acceptsFor: (config) => (formatOf(config) === 'bytes' ? 'bytes' : 'fields'),
  config: s3SinkConfig,
  check: checkS3Sink,
  maxBatchRecords: ({ batchSize }) => batchSize,
  batchLimits: ({ maxBatchBytes, batchTimeMs }) => ({ maxBytes: maxBatchBytes, lingerMs: batchTimeMs }),
  open: async (config, context) => (await import('./write-objects.ts')).openS3(config, context),
});
