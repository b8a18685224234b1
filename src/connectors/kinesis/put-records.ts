import type { KinesisClient, PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { concurrently } from '../../core/concurrently.ts';
import type { OpenContext, OpenSink } from '../../core/connector-type.ts';
import { PulsarIoError, toPulsarIoError } from '../../core/errors.ts';
import { type RecordResult, type SinkRecord, WRITTEN } from '../../core/record.ts';
import { throwIfAborted } from '../abort.ts';
import { clientOptions } from '../aws/client-options.ts';
import { awsText, isMisconfigured } from '../aws/errors.ts';
import { recordId } from '../record-id.ts';
import { type Entry, entryOf, requestsOf } from './entries.ts';
import { endpointOf, type KinesisSinkConfig } from './sink-config.ts';

type Sdk = typeof import('@aws-sdk/client-kinesis');

/** Looks for the stream; throws `PIO_SINK_MISCONFIGURED` and `PIO_SINK_UNAVAILABLE`. */
export const openKinesisSink = async (config: KinesisSinkConfig, { signal }: OpenContext): Promise<OpenSink> => {
  const sdk = await import('@aws-sdk/client-kinesis');
  const { requestHandler, ...options } = clientOptions({ ...config, awsEndpoint: endpointOf(config) });
  const agent = { keepAlive: true, maxSockets: config.concurrency };
  const httpsAgent = { ...agent, rejectUnauthorized: !config.skipCertificateValidation };
  const client = new sdk.KinesisClient({
    ...options,
    requestHandler: new NodeHttpHandler({ ...requestHandler, httpAgent: agent, httpsAgent }),
  });
  const sink = new KinesisSink(sdk, client, config);
  try {
    await sink.requireStream(signal);
    return sink;
  } catch (error) {
    client.destroy();
    throw error;
  }
};

class KinesisSink implements OpenSink {
  readonly #sdk: Sdk;
  readonly #client: KinesisClient;
  readonly #config: KinesisSinkConfig;
  readonly #name: string;

  constructor(sdk: Sdk, client: KinesisClient, config: KinesisSinkConfig) {
    this.#sdk = sdk;
    this.#client = client;
    this.#config = config;
    this.#name = `Kinesis stream ${config.awsKinesisStreamName} (${config.awsRegion})`;
  }

  async requireStream(signal: AbortSignal): Promise<void> {
    const command = new this.#sdk.DescribeStreamSummaryCommand({ StreamName: this.#config.awsKinesisStreamName });
    await this.#client.send(command, { abortSignal: signal }).catch((error: unknown) => {
      throw this.#errorOf(error, `looking for ${this.#name}`, signal);
    });
  }

  async write(records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> {
    throwIfAborted(signal, `writing to ${this.#name}`);
    const results: RecordResult[] = records.map(() => WRITTEN);
    const entries = records.flatMap((record, index) => {
      try {
        return [entryOf(record, index, this.#config)];
      } catch (cause) {
        results[index] = { ok: false, error: toPulsarIoError(cause, 'PIO_SINK_REJECTED', recordId(record)) };
        return [];
      }
    });
    const { retainOrdering, concurrency } = this.#config;
    const requests = [...requestsOf(entries, retainOrdering)];
    if (retainOrdering) await this.#sendInTurn(requests, results, signal);
    else await concurrently(requests, concurrency, (request) => this.#send(request, results, signal));
    return results;
  }

  describe(record: SinkRecord): unknown {
    const { key, data } = entryOf(record, 0, this.#config);
    return { partitionKey: key, data: data.toString() };
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  /** What follows a failed record of its key is not sent before it. */
  async #sendInTurn(
    requests: readonly (readonly Entry[])[],
    results: RecordResult[],
    signal: AbortSignal,
  ): Promise<void> {
    const failed = new Map<string, SinkRecord>();
    for (const request of requests) {
      for (const { key, index } of request) {
        const before = failed.get(key);
        if (before) results[index] = { ok: false, error: waiting(before) };
      }
      const free = request.filter(({ key }) => !failed.has(key));
      if (free.length > 0) await this.#send(free, results, signal);
      for (const { key, index, record } of free) if (!results[index]?.ok) failed.set(key, record);
    }
  }

  async #send(request: readonly Entry[], results: RecordResult[], signal: AbortSignal): Promise<void> {
    const command = new this.#sdk.PutRecordsCommand({
      StreamName: this.#config.awsKinesisStreamName,
      Records: request.map(({ key, data }) => ({ PartitionKey: key, Data: data })),
    });
    const answer = await this.#client.send(command, { abortSignal: signal }).catch((error: unknown) => {
      throw this.#errorOf(
        error,
        `writing ${recordId(request[0]?.record as SinkRecord)} and what follows to ${this.#name}`,
        signal,
      );
    });
    for (const [at, { record, index }] of request.entries()) {
      const error = this.#failureOf(answer.Records?.[at], record);
      if (error) results[index] = { ok: false, error };
    }
  }

  #failureOf(answer: PutRecordsResultEntry | undefined, record: SinkRecord): PulsarIoError | undefined {
    if (answer?.SequenceNumber) return undefined;
    const why = answer?.ErrorCode ?? 'no answer for it';
    return new PulsarIoError(
      'PIO_SINK_UNAVAILABLE',
      `${recordId(record)}: ${this.#name} could not take it now (${why})`,
    );
  }

  /** What a whole request is refused with. The text of a refusal for its content may quote it. */
  #errorOf(cause: unknown, doing: string, signal: AbortSignal): PulsarIoError {
    if (signal.aborted) return new PulsarIoError('PIO_ABORTED', `${doing}: the run ends`, { cause });
    const { name = 'Error' } = cause as Partial<Error>;
    if (REJECTED.has(name))
      return new PulsarIoError('PIO_SINK_REJECTED', `${doing}: Kinesis refuses a record (${name})`);
    const code = isMisconfigured(cause) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
    return new PulsarIoError(code, `${doing}: ${awsText(cause)}`, { cause });
  }
}

/** Names of Kinesis's errors that blame a request's content (API reference, "PutRecords: Errors"). */
const REJECTED = new Set(['InvalidArgumentException', 'ValidationException', 'SerializationException']);

const waiting = (before: SinkRecord): PulsarIoError =>
  new PulsarIoError('PIO_SINK_UNAVAILABLE', `waits for ${recordId(before)}, which is before it under its key`);
