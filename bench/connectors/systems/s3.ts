import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { s3Target } from '../../../test/e2e/s3-target.ts';
import type { MotoAddress } from '../../../test/services/moto.ts';
import { type Filled, pagesOf, rowsOf, type SinkSide, type SourceSide } from '../system.ts';

const OBJECTS = 4;

const clientOf = ({ endpoint, region, credentials }: MotoAddress): S3Client =>
  new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });

const linesOf = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** S3: an object for each batch. */
export const s3Sink = (address: MotoAddress): SinkSide => ({
  records: 20_000,
  target: () => s3Target(address),
  modes: { '': { batchSize: 1_000 } },
  raw: async ({ configs }, batches) => {
    const client = clientOf(address);
    return async () => {
      for (const [number, batch] of batches.entries()) {
        const object = { Bucket: String(configs.bucket), Key: `data/${number}`, Body: linesOf(rowsOf(batch)) };
        await client.send(new PutObjectCommand(object));
      }
      client.destroy();
    };
  },
});

const fill = async (address: MotoAddress, records: number): Promise<Filled> => {
  const client = clientOf(address);
  const Bucket = `bench-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  for (const [number, rows] of pagesOf(records, records / OBJECTS).entries())
    await client.send(new PutObjectCommand({ Bucket, Key: `in/${number}.ndjson`, Body: linesOf(rows) }));
  const { endpoint: awsEndpoint, region: awsRegion, credentials } = address;
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
  return {
    configs: {
      ...{ awsEndpoint, awsRegion, bucket: Bucket, format: 'ndjson' },
      awsCredentialPluginParam: JSON.stringify({ accessKey, secretKey }),
    },
    raw: async () => async () => {
      let count = 0;
      for (let number = 0; number < OBJECTS; number++) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `in/${number}.ndjson` }));
        const text = (await Body?.transformToString()) ?? '';
        for (const line of text.split('\n')) if (line !== '' && JSON.parse(line)) count += 1;
      }
      return count;
    },
    dispose: async () => client.destroy(),
  };
};

/** S3: whole objects, split into lines, and `JSON.parse` of each. */
export const s3Source = (address: MotoAddress): SourceSide => ({
  sourceType: 's3',
  records: 100_000,
  fill: (records) => fill(address, records),
});
