import type { S3Client } from '@aws-sdk/client-s3';
import type { TaskRecord } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { Position } from '../../core/position.ts';
import { awsSourceError } from '../aws/errors.ts';
import { type Content, readContent } from '../file/content.ts';
import { HEAD_BYTES, Head } from '../file/position.ts';
import { isCompressed } from '../file/reader.ts';
import type { Bytes } from '../file/window.ts';
import type { S3 } from './bucket.ts';
import { recordConfigOf, type S3Config } from './config.ts';
import type { S3Object } from './objects.ts';

/** What an object is read with. */
export interface ObjectReading {
  readonly s3: S3;
  readonly client: S3Client;
  readonly config: S3Config;
  readonly object: S3Object;
}

/** Position behind an object that cannot be read on. */
interface Abandoned extends Position {
  readonly abandoned: true;
}

const RANGE_BYTES = 4 * 1024 * 1024;

/** What S3 answers when the version is no more: deleted, or another one has its place. */
const GONE = new Set(['NoSuchKey', 'NoSuchVersion', 'NotFound', 'PreconditionFailed', 'InvalidRange']);

/**
 * Pages of an object's records after `from`, range by range, so that a large one needs no more memory than a small one, and a later run goes on where this one ended. Of
 * one that is gone before it was begun nothing is left to read: the one in its place is a task of its own. One that is gone in mid-reading is a record that tells so.
 */
export async function* readObject(
  reading: ObjectReading,
  from: Position | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly TaskRecord[], void, void> {
  if ((from as Abandoned | undefined)?.abandoned) return;
  const { config, object } = reading;
  const bytes = new ObjectBytes(reading, signal);
  let last = from;
  try {
    const content = await contentOf(bytes, reading);
    if (content === undefined) {
      yield [problem(object, config, 'is a gzip or zip archive: unpack it, or exclude it by suffix')];
      return;
    }
    for await (const page of readContent(content, recordConfigOf(config), from, signal)) {
      yield page;
      last = page.at(-1)?.position;
    }
  } catch (error) {
    if (!(error instanceof ObjectGone)) throw error;
    if (last !== undefined)
      yield [problem(object, config, 'was deleted or replaced while it was read; its rest is lost')];
  }
}

/** Undefined: it is compressed. */
const contentOf = async (bytes: Bytes, { config, object }: ObjectReading): Promise<Content | undefined> => {
  const head = new Head();
  const start = Buffer.alloc(Math.min(HEAD_BYTES, object.size));
  const { bytesRead } = await bytes.read(start, 0, start.length, 0);
  if (isCompressed(start)) return undefined;
  head.extend(0, start, bytesRead);
  const properties = { 's3.bucket': config.bucket, 's3.key': object.key, 's3.etag': object.etag };
  return { handle: bytes, path: object.key, partition: object.key, head, size: object.size, properties };
};

const problem = ({ key }: S3Object, { bucket }: S3Config, what: string): TaskRecord => {
  const position: Abandoned = { abandoned: true };
  const error = new PulsarIoError('PIO_SOURCE_RECORD_INVALID', `object ${key} of bucket ${bucket} ${what}`);
  return { value: Buffer.alloc(0), properties: { 's3.bucket': bucket, 's3.key': key }, position, error };
};

/** The version of the object that the task names is no more. */
class ObjectGone extends Error {}

/** An object's bytes by ranges of at least four megabytes, of which the last one is kept. */
class ObjectBytes implements Bytes {
  readonly #reading: ObjectReading;
  readonly #signal: AbortSignal;
  #range: { readonly start: number; readonly bytes: Uint8Array } | undefined;

  constructor(reading: ObjectReading, signal: AbortSignal) {
    this.#reading = reading;
    this.#signal = signal;
  }

  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }> {
    const wanted = Math.min(length, this.#reading.object.size - position);
    if (wanted <= 0) return { bytesRead: 0 };
    const held = this.#range;
    const isHeld = held && position >= held.start && position < held.start + held.bytes.length;
    const { start, bytes } = isHeld ? held : await this.#fetch(position, Math.max(wanted, RANGE_BYTES));
    const from = position - start;
    const bytesRead = Math.min(wanted, bytes.length - from);
    buffer.set(bytes.subarray(from, from + bytesRead), offset);
    return { bytesRead };
  }

  async #fetch(start: number, length: number) {
    const { s3, client, config, object } = this.#reading;
    const command = new s3.GetObjectCommand({
      Bucket: config.bucket,
      Key: object.key,
      Range: `bytes=${start}-${Math.min(start + length, object.size) - 1}`,
      // A version cannot change; without one, the entity tag tells.
      ...(object.versionId === undefined ? { IfMatch: `"${object.etag}"` } : { VersionId: object.versionId }),
    });
    try {
      const { Body } = await client.send(command, { abortSignal: this.#signal });
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
      this.#range = { start, bytes };
      return this.#range;
    } catch (error) {
      if (GONE.has((error as Error).name)) throw new ObjectGone();
      throw awsSourceError(error, `reading object ${object.key} of bucket ${config.bucket}`, this.#signal);
    }
  }
}
