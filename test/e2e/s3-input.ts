import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { MotoAddress } from '../services/index.ts';
import { inputRecord } from './growing-file.ts';
import type { Input } from './input.ts';
import { leftInInbox } from './left-in-inbox.ts';
import { positionsOf } from './positions.ts';

const PER_OBJECT = 40;
const PAUSE_MS = 250;

/** A bucket that gets an object of forty lines every quarter of a second, under names in the order of their writing; it is looked at every second. */
export const s3Input = async ({ endpoint, region, credentials }: MotoAddress): Promise<Input> => {
  const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
  const Bucket = `e2e-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
  let written = 0;
  const put = async (count: number) => {
    const lines = Array.from({ length: count }, (_, index) => `${JSON.stringify(inputRecord(written + index))}\n`);
    const Key = `${String(written).padStart(9, '0')}.ndjson`;
    await client.send(new PutObjectCommand({ Bucket, Key, Body: lines.join('') }));
    written += count;
  };
  return {
    sourceType: 's3',
    configs: {
      ...{ awsEndpoint: endpoint, awsRegion: region, bucket: Bucket, format: 'ndjson' },
      awsCredentialPluginParam: JSON.stringify({ accessKey, secretKey }),
    },
    more: { customRuntimeOptions: JSON.stringify({ schedule: '* * * * * *' }) },
    feed: async (records, isEnough = async () => false) => {
      while (written < records && !(await isEnough())) {
        await put(Math.min(PER_OBJECT, records - written));
        await sleep(PAUSE_MS);
      }
      return written;
    },
    isRead: async (storePath) =>
      leftInInbox(storePath) === 0 && positionsOf(storePath).some(({ sequence }) => sequence === written - 1),
    dispose: async () => client.destroy(),
  };
};
