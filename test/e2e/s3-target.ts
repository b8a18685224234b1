import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { MotoAddress } from '../services/index.ts';
import type { Target } from './target.ts';

/** A bucket, read by listing it: every line of every object is a row, in the order of the objects' names. */
export const s3Target = async ({ endpoint, region, credentials }: MotoAddress): Promise<Target> => {
  const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
  const Bucket = `e2e-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  /** Numbers by name and entity tag: what was read is not read again. */
  const known = new Map<string, readonly number[]>();
  const numbersOf = async (Key: string, etag: string): Promise<readonly number[]> => {
    const id = `${Key} ${etag}`;
    const numbers = known.get(id) ?? numbersIn(await textOf(Key));
    known.set(id, numbers);
    return numbers;
  };
  const textOf = async (Key: string): Promise<string> =>
    (await (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()) ?? '';
  const read = async (): Promise<number[]> => {
    const found: number[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'data/', ContinuationToken }));
      for (const { Key = '', ETag = '' } of page.Contents ?? []) found.push(...(await numbersOf(Key, ETag)));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    return found;
  };
  const rows = async (): Promise<number> => (await read()).length;
  const distinct = async (): Promise<number> => new Set(await read()).size;
  return {
    name: 'S3',
    sinkType: 's3',
    configs: {
      ...{ provider: 's3v2', bucket: Bucket, region, endpoint, pathPrefix: 'data/', formatType: 'json' },
      ...{ accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey, batchTimeMs: 50 },
    },
    sourceConfigs: {},
    repeatsAreRows: true,
    rows,
    distinct,
    read,
    repeatedWrites: async () => (await rows()) - (await distinct()),
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
};

const numbersIn = (text: string): number[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { n: number }).n);
