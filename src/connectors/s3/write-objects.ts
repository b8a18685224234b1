import type { FrontierMove, FrontierRow, OpenContext, TransactionalSink } from '../../core/connector-type.ts';
import { toPulsarIoError } from '../../core/errors.ts';
import type { Frontier } from '../../core/frontier.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { jsonText } from '../../core/schema/json-text.ts';
import type { Token } from '../../core/token.ts';
import { throwIfAborted } from '../abort.ts';
import { clientOptions } from '../aws/client-options.ts';
import { recordId } from '../record-id.ts';
import { ConditionalObjects } from './conditional-objects.ts';
import { type EncodedRecord, encodeRecord, objectBytes } from './content.ts';
import { FrontierObject, type NextObject } from './frontier-object.ts';
import { objectName } from './object-name.ts';
import { clientConfigOf, formatOf, type S3SinkConfig } from './sink-config.ts';

/** Looks at the bucket; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openS3 = async (config: S3SinkConfig, { uid, signal }: OpenContext): Promise<S3Session> => {
  const s3 = await import('@aws-sdk/client-s3');
  const forcePathStyle = config.endpoint !== '' && config.usePathStyleUrl;
  const client = new s3.S3Client({ ...clientOptions(clientConfigOf(config)), forcePathStyle });
  const objects = new ConditionalObjects(s3, client, config.bucket);
  try {
    await objects.requireBucket(signal);
    return new S3Session(objects, config, uid);
  } catch (error) {
    objects.close();
    throw error;
  }
};

/** Records as they are in an object, and a result for each: undefined where it is not known yet. */
interface Encoded {
  readonly results: readonly (RecordResult | undefined)[];
  readonly written: readonly { readonly record: SinkRecord; readonly encoded: EncodedRecord }[];
}

/** An open s3 sink. */
class S3Session implements TransactionalSink {
  readonly #objects: ConditionalObjects;
  readonly #config: S3SinkConfig;
  readonly #uid: string;
  readonly #frontiers = new Map<string, FrontierObject>();

  constructor(objects: ConditionalObjects, config: S3SinkConfig, uid: string) {
    this.#objects = objects;
    this.#config = config;
    this.#uid = uid;
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    throwIfAborted(signal, `writing to ${this.#objects.name}`);
    const { written, results } = this.#encode(records);
    for (const [, ofTopic] of Map.groupBy(written, ({ record }) => record.topic)) {
      const { key, bytes, ...options } = await this.#object(ofTopic);
      await this.#objects.put(key, bytes, options, signal);
    }
    return results.map((result) => result ?? WRITTEN);
  }

  async fence(topic: string, token: Token, initial: Frontier, signal: AbortSignal): Promise<FrontierRow> {
    return this.#frontier(topic).fence(token, initial, signal);
  }

  async transact(
    records: readonly SinkRecord[],
    { topic, token, from, to }: FrontierMove,
    signal: AbortSignal,
  ): Promise<readonly (RecordResult | undefined)[] | undefined> {
    throwIfAborted(signal, `writing to ${this.#objects.name}`);
    const frontier = this.#frontier(topic);
    frontier.require(token, from);
    const { written, results } = this.#encode(records);
    if (written.length < records.length) return results;
    await frontier.move(to, written.length > 0 ? await this.#object(written, token) : undefined, signal);
    return undefined;
  }

  describe(record: SinkRecord): unknown {
    const encoded = encodeRecord(record, this.#config);
    const content = Buffer.isBuffer(encoded) ? encoded.toString() : jsonText(encoded);
    return { name: objectName([record], this.#config), content };
  }

  async close(): Promise<void> {
    this.#objects.close();
  }

  #frontier(topic: string): FrontierObject {
    const known = this.#frontiers.get(topic) ?? new FrontierObject(this.#objects, this.#uid, topic);
    this.#frontiers.set(topic, known);
    return known;
  }

  #encode(records: readonly SinkRecord[]): Encoded {
    const written: { record: SinkRecord; encoded: EncodedRecord }[] = [];
    const results = records.map((record): RecordResult | undefined => {
      try {
        written.push({ record, encoded: encodeRecord(record, this.#config) });
        return undefined;
      } catch (cause) {
        return { ok: false, error: toPulsarIoError(cause, 'PIO_SINK_REJECTED', recordId(record)) };
      }
    });
    return { written, results };
  }

  async #object(written: Encoded['written'], token?: Token): Promise<NextObject> {
    const records = written.map(({ record }) => record);
    return {
      key: objectName(records, this.#config, token),
      bytes: await objectBytes(
        written.map(({ encoded }) => encoded),
        this.#config,
      ),
      contentType: contentTypeOf(this.#config),
      acl: this.#config.awsCannedAcl,
    };
  }
}

const CONTENT_TYPES = {
  json: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  bytes: 'application/octet-stream',
  parquet: 'application/vnd.apache.parquet',
};

const contentTypeOf = (config: S3SinkConfig): string =>
  config.compression === 'gzip' ? 'application/gzip' : CONTENT_TYPES[formatOf(config)];
