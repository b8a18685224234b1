import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { parseExact } from '../../core/exact-json.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import { recordId } from '../record-id.ts';
import { writeConcurrently } from '../write-concurrently.ts';
import { failureOf, noAnswer } from './answers.ts';
import { recordHeaders } from './record-headers.ts';
import { type HttpClient, httpClient } from './request.ts';
import type { HttpSinkConfig } from './sink-config.ts';

/** How often a target's `Retry-After` is followed for one request. */
const MAX_WAITS = 3;

/** An open http sink. */
export class HttpSinkSession implements OpenSink {
  readonly #config: HttpSinkConfig;
  readonly #uid: string;
  readonly #guarantee: Guarantee;
  readonly #client: HttpClient;
  /** Names the target in messages, without what may be secret in its address. */
  readonly #name: string;

  /** `uid`: of the connector; part of every record's id, so that two connectors at one target do not take each other's records for repetitions. */
  constructor(config: HttpSinkConfig, uid: string, guarantee: Guarantee) {
    const { origin, pathname } = new URL(config.url);
    this.#config = config;
    this.#uid = uid;
    this.#guarantee = guarantee;
    this.#client = httpClient(config);
    this.#name = `${origin}${pathname}`;
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const { batchSize, concurrency } = this.#config;
    const doing = `sending records to ${this.#name}`;
    if (batchSize > 1) return this.#writeTogether(records, signal);
    return writeConcurrently(records, concurrency, (record) => this.#writeOne(record, signal), doing, signal);
  }

  describe(record: SinkRecord): unknown {
    const { method, url, batchSize } = this.#config;
    const headers = batchSize > 1 ? [] : Object.keys(this.#headersOf(record));
    return { method, url: new URL(url).origin, headers, bytes: bodyOf(record).length };
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  async #writeOne(record: SinkRecord, signal: AbortSignal): Promise<PulsarIoError | undefined> {
    const doing = `sending ${recordId(record)} to ${this.#name}`;
    try {
      await this.#send(this.#headersOf(record), bodyOf(record), doing, signal);
      return undefined;
    } catch (error) {
      return error as PulsarIoError;
    }
  }

  /** One request. When the target refuses it, the caller asks again in halves to find the record that is to blame. */
  async #writeTogether(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    const [first] = records;
    if (first === undefined) return [];
    const results: RecordResult[] = records.map(() => WRITTEN);
    const texts = records.flatMap((record, index) => {
      try {
        return [jsonOf(record, this.#config.batchFormat)];
      } catch (error) {
        results[index] = { ok: false, error: error as Error };
        return [];
      }
    });
    if (texts.length === 0) return results;
    const isArray = this.#config.batchFormat === 'json-array';
    const body = Buffer.from(isArray ? `[${texts.join(',')}]` : texts.map((text) => `${text}\n`).join(''));
    const contentType = isArray ? 'application/json' : 'application/x-ndjson';
    const doing = `sending ${texts.length} records from ${recordId(first)} on to ${this.#name}`;
    await this.#send(this.#common(contentType), body, doing, signal);
    return results;
  }

  /** Follows a `Retry-After` that is short enough. Throws what became of the request. */
  async #send(
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    doing: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { maxBodyBytes, maxRetryAfterMs, idempotencyHeader } = this.#config;
    if (body.length > maxBodyBytes)
      throw new PulsarIoError(
        'PIO_RECORD_TOO_LARGE',
        `${doing}: the body has ${body.length} bytes, maxBodyBytes is ${maxBodyBytes}`,
      );
    for (let waits = 0; ; waits++) {
      throwIfAborted(signal, doing);
      const answer = await this.#client.send(headers, body, signal).catch((error: unknown) => {
        throwIfAborted(signal, doing);
        throw noAnswer(error, doing);
      });
      const failure = failureOf(answer, idempotencyHeader !== undefined, doing);
      if (failure === undefined) return;
      const { retryAfterMs = Number.POSITIVE_INFINITY } = answer;
      const isWaited = failure.code === 'PIO_SINK_UNAVAILABLE' && retryAfterMs <= maxRetryAfterMs;
      if (!isWaited || waits === MAX_WAITS || this.#guarantee === 'ATMOST_ONCE') throw failure;
      await sleep(retryAfterMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #common(contentType: string): Record<string, string> {
    const { headers, authorization } = this.#config;
    // What the configuration names wins: header names have no case.
    const isGiven = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
    return {
      ...(!isGiven && { 'content-type': contentType }),
      ...headers,
      ...(authorization !== undefined && { authorization }),
    };
  }

  #headersOf(record: SinkRecord): Record<string, string> {
    const { idempotencyHeader } = this.#config;
    return {
      ...recordHeaders(record),
      ...this.#common('application/json'),
      ...(idempotencyHeader !== undefined && { [idempotencyHeader]: this.#idOf(record) }),
    };
  }

  /** Equal for every attempt at a record, by whichever run. */
  #idOf(record: SinkRecord): string {
    return createHash('sha256')
      .update(`${this.#uid} ${recordId(record)}`)
      .digest('hex');
  }
}

const bodyOf = ({ value }: SinkRecord): Buffer => Buffer.from(value === null ? 'null' : (value as string));

const jsonOf = (record: SinkRecord, format: HttpSinkConfig['batchFormat']): string => {
  const text = record.value === null ? 'null' : (record.value as string);
  try {
    const value = parseExact(text);
    return format === 'ndjson' && /[\r\n]/.test(text) ? JSON.stringify(value) : text;
  } catch {
    // no cause: its message quotes the payload
    throw new PulsarIoError('PIO_SINK_REJECTED', `${recordId(record)}: it is not JSON, and batches hold nothing else`);
  }
};
