import { describe, expect, test } from '@jest/globals';
import { s3Sink } from '../../src/connectors/s3/sink.ts';
import { durationMs, timePattern } from '../../src/connectors/s3/time-path.ts';
import { GUARANTEES } from '../../src/core/guarantee.ts';
import { configOf, problemsOf } from './open.ts';

const BASE = { provider: 'aws-s3', bucket: 'some-bucket', region: 'eu-west-1' };

/** Every key of `CloudStorageSinkConfig` and `BlobStoreAbstractConfig` of streamnative/pulsar-io-cloud-storage, of S3, with a value that it takes. */
const PULSARS = {
  ...{ provider: 'aws-s3', bucket: 'some-bucket', region: 'eu-west-1', endpoint: 'https://s3.eu-west-1.amazonaws.com' },
  ...{ usePathStyleUrl: true, awsCannedAcl: 'bucket-owner-full-control', skipFailedMessages: false },
  ...{ partitionerType: 'TIME', pathPrefix: 'a/b/', withTopicPartitionNumber: true, partitionerWithTopicName: true },
  ...{ partitionerUseIndexAsOffset: false, timePartitionPattern: 'yyyy-MM-dd', timePartitionDuration: '1d' },
  ...{ sliceTopicPartitionPath: false, formatType: 'JSON', avroCodec: 'snappy', parquetCodec: 'gzip' },
  ...{ bytesFormatTypeSeparator: '0x10', jsonAllowNaN: false, maxBatchBytes: 10_000_000, batchSize: 10 },
  ...{ batchTimeMs: 1_000, batchModel: 'BLEND', pendingQueueSize: -1, partitioner: 'topic', withMetadata: true },
  ...{ useHumanReadableMessageId: true, useHumanReadableSchemaVersion: true, includeTopicToMetadata: true },
  ...{ includePublishTimeToMetadata: true, includeMessageKeyToMetadata: true },
  ...{ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'sekrit', role: 'none', roleSessionName: 'none' },
};

describe('the configuration of the s3 sink', () => {
  test('takes every key of StreamNative’s connector, under each guarantee, and knows its secrets', () => {
    for (const guarantee of GUARANTEES) expect(problemsOf(s3Sink, PULSARS, guarantee)).toEqual([]);
    const { properties } = s3Sink.config;
    const ofPulsar = Object.entries(properties).filter(([, { pulsar }]) => pulsar !== undefined);
    expect(ofPulsar.map(([key]) => key).sort()).toEqual(Object.keys(PULSARS).sort());
    expect([properties.accessKeyId, properties.secretAccessKey].map((key) => key?.secret)).toEqual([true, true]);
  });

  test.each([
    ['another provider', { provider: 'google-cloud-storage' }, '/configs/provider'],
    ['a format that is not there', { formatType: 'avro' }, '/configs/formatType'],
    ['CSV without columns', { formatType: 'csv' }, '/configs/csvColumns'],
    ['half of the credentials', { accessKeyId: 'a' }, '/configs/secretAccessKey'],
    ['neither region nor endpoint', { region: '' }, '/configs/region'],
    ['a prefix without its end', { pathPrefix: 'a' }, '/configs/pathPrefix'],
    ['a prefix from the root', { pathPrefix: '/a/' }, '/configs/pathPrefix'],
    ['a time of other letters', { timePartitionPattern: 'EEE' }, '/configs/timePartitionPattern'],
    ['a duration of other units', { timePartitionDuration: '1w' }, '/configs/timePartitionDuration'],
    ['a separator that is no bytes', { bytesFormatTypeSeparator: '\n' }, '/configs/bytesFormatTypeSeparator'],
    ['a role to take on', { role: 'arn:aws:iam::1:role/r' }, '/configs/role'],
  ])('refuses %s', (_, change, path) => {
    expect(problemsOf(s3Sink, { ...BASE, ...change })).toEqual([path]);
  });

  test('has the batch and the form of records that it asks for', () => {
    const [json, bytes] = ['json', 'BYTES'].map((formatType) =>
      configOf(s3Sink, { ...BASE, formatType, batchSize: 7, maxBatchBytes: 8, batchTimeMs: 9 }),
    ) as [never, never];
    expect([json, bytes].map((config) => s3Sink.acceptsFor?.(config))).toEqual(['fields', 'bytes']);
    expect(s3Sink.maxBatchRecords?.(json)).toBe(7);
    expect(s3Sink.batchLimits?.(json)).toEqual({ maxBytes: 8, lingerMs: 9 });
  });

  test('reads times and durations as Java does', () => {
    const at = Date.UTC(2024, 1, 29, 3, 4, 5);
    expect(timePattern("'year='yyyy/MM/dd'T'HHmmss''")?.(at)).toBe("year=2024/02/29T030405'");
    expect(['2d', '2h', '2m', '2s', '2', '2D'].map(durationMs)).toEqual([
      172_800_000, 7_200_000, 120_000, 2_000, 2, 172_800_000,
    ]);
  });
});
