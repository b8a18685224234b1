import type { S3Client } from '@aws-sdk/client-s3';
import type { BatchTask, OpenBatchSource, TaskRecord } from '../../core/connector-type.ts';
import type { Position } from '../../core/position.ts';
import { clientOptions } from '../aws/client-options.ts';
import { awsSourceError } from '../aws/errors.ts';
import { isSelected, type S3Config } from './config.ts';
import { type S3Object, taskOf } from './objects.ts';
import { readObject } from './read-object.ts';

/** The AWS SDK's module for S3, loaded with the first connector that needs it. */
export type S3 = typeof import('@aws-sdk/client-s3');

const HOUR_MS = 3_600_000;

/** Opens a bucket; nothing is asked of it yet. */
export const openBucket = async (config: S3Config): Promise<OpenBatchSource> => {
  const s3 = await import('@aws-sdk/client-s3');
  const client = new s3.S3Client({ ...clientOptions(config), forcePathStyle: config.awsEndpoint !== '' });
  return new Bucket(s3, client, config);
};

class Bucket implements OpenBatchSource {
  readonly #s3: S3;
  readonly #client: S3Client;
  readonly #config: S3Config;

  constructor(s3: S3, client: S3Client, config: S3Config) {
    this.#s3 = s3;
    this.#client = client;
    this.#config = config;
  }

  async *discover(
    _dueMs: number,
    sinceMs: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly BatchTask[], void, void> {
    const { bucket, prefix, lookBackHours } = this.#config;
    const notBefore = sinceMs === undefined ? 0 : sinceMs - lookBackHours * HOUR_MS;
    for (let token: string | undefined, isLast = false; !isLast; ) {
      const command = new this.#s3.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token });
      const page = await this.#client.send(command, { abortSignal: signal }).catch((error: unknown) => {
        throw awsSourceError(error, `listing bucket ${bucket}`, signal);
      });
      yield (page.Contents ?? []).flatMap(({ Key = '', ETag = '', Size = 0, LastModified }) => {
        const isNew = Size > 0 && isSelected(this.#config, Key) && (LastModified?.getTime() ?? 0) >= notBefore;
        return isNew ? [taskOf({ key: Key, etag: ETag.replaceAll('"', ''), size: Size })] : [];
      });
      token = page.NextContinuationToken;
      isLast = page.IsTruncated !== true || token === undefined;
    }
  }

  read(task: BatchTask['task'], from: Position | undefined, signal: AbortSignal): AsyncIterable<readonly TaskRecord[]> {
    const { key, etag, size, versionId } = task as unknown as S3Object;
    const object = { key, etag, size, ...(versionId !== undefined && { versionId }) };
    return readObject({ s3: this.#s3, client: this.#client, config: this.#config, object }, from, signal);
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }
}
