import type { S3Client } from '@aws-sdk/client-s3';
import { PulsarIoError } from '../../core/errors.ts';
import { awsText, isMisconfigured } from '../aws/errors.ts';
import type { S3 } from './bucket.ts';

/** What must be true of a name for an object to be put there: nothing is there, or what has this entity tag; undefined: anything. */
export type PutCondition = { readonly absent: true } | { readonly etag: string } | undefined;

/** What an object is put with besides its bytes. */
export interface PutOptions {
  readonly contentType?: string;
  readonly acl?: string | undefined;
  /** ASCII. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly condition?: PutCondition;
}

/** Objects of one bucket. Every method throws `PIO_SINK_UNAVAILABLE`, `PIO_SINK_MISCONFIGURED`, or `PIO_ABORTED` when the run ends. */
export class ConditionalObjects {
  readonly #s3: S3;
  readonly #client: S3Client;
  readonly #bucket: string;
  /** How messages name the bucket. */
  readonly name: string;

  constructor(s3: S3, client: S3Client, bucket: string) {
    this.#s3 = s3;
    this.#client = client;
    this.#bucket = bucket;
    this.name = `S3 bucket ${bucket}`;
  }

  /** Throws when the bucket is not there. */
  async requireBucket(signal: AbortSignal): Promise<void> {
    const command = new this.#s3.HeadBucketCommand({ Bucket: this.#bucket });
    await this.#ask('looking for it', signal, () => this.#client.send(command, { abortSignal: signal }));
  }

  /** Undefined: there is none. */
  async get(Key: string, signal: AbortSignal): Promise<{ readonly text: string; readonly etag: string } | undefined> {
    const command = new this.#s3.GetObjectCommand({ Bucket: this.#bucket, Key });
    return this.#ask(`reading ${Key}`, signal, async () => {
      try {
        const { Body, ETag = '' } = await this.#client.send(command, { abortSignal: signal });
        return { text: (await Body?.transformToString()) ?? '', etag: ETag };
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') return undefined;
        throw error;
      }
    });
  }

  /** What an object was put with; undefined: there is none. */
  async metadata(Key: string, signal: AbortSignal): Promise<Readonly<Record<string, string>> | undefined> {
    const command = new this.#s3.HeadObjectCommand({ Bucket: this.#bucket, Key });
    return this.#ask(`looking at ${Key}`, signal, async () => {
      try {
        return (await this.#client.send(command, { abortSignal: signal })).Metadata ?? {};
      } catch (error) {
        if (['NotFound', 'NoSuchKey'].includes((error as Error).name)) return undefined;
        throw error;
      }
    });
  }

  /** The entity tag of what was put; undefined: the condition did not hold, perhaps because of an earlier attempt whose answer was lost. */
  async put(Key: string, Body: Buffer, options: PutOptions, signal: AbortSignal): Promise<string | undefined> {
    const { contentType, acl, metadata, condition } = options;
    const command = new this.#s3.PutObjectCommand({
      ...{ Bucket: this.#bucket, Key, Body },
      ...(contentType && { ContentType: contentType }),
      ...(acl && { ACL: acl as never }),
      ...(metadata && { Metadata: metadata }),
      ...(condition && ('absent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.etag })),
    });
    return this.#ask(`writing ${Key}`, signal, async () => {
      try {
        return (await this.#client.send(command, { abortSignal: signal })).ETag ?? '';
      } catch (error) {
        // An `If-Match` for what is not there any more is answered with 404.
        const isGone = condition && 'etag' in condition && (error as Error).name === 'NoSuchKey';
        if ((error as Error).name === 'PreconditionFailed' || isGone) return undefined;
        throw error;
      }
    });
  }

  close(): void {
    this.#client.destroy();
  }

  async #ask<T>(doing: string, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    const what = `${this.name}: ${doing}`;
    if (signal.aborted) throw new PulsarIoError('PIO_ABORTED', `${what}: the run ends`);
    try {
      return await ask();
    } catch (cause) {
      if (signal.aborted) throw new PulsarIoError('PIO_ABORTED', `${what}: the run ends`, { cause });
      const isWrong = isMisconfigured(cause) || MISCONFIGURED.has((cause as Partial<Error>).name ?? '');
      const code = isWrong ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
      throw new PulsarIoError(code, `${what}: ${awsText(cause)}`, { cause });
    }
  }
}

/** Beyond what all of AWS's services answer: no bucket of this name (HEAD has no text), one elsewhere, a server without conditional puts. */
const MISCONFIGURED = new Set(['NotFound', 'InvalidBucketName', 'NotImplemented', 'AuthorizationHeaderMalformed']);
