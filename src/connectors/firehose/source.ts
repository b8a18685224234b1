import { type Static, Type } from '@sinclair/typebox';
import { Errors } from '@sinclair/typebox/errors';
import { Check } from '@sinclair/typebox/value';
import { defineEventSource, type EventRecord, type HttpEvent } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { secretString, strictObject } from '../config.ts';
import { headerOf } from '../http/authenticate.ts';
import { isEqualSecret } from '../http/equal-secret.ts';
import { unzip } from './unzip.ts';

/** Of the decoded body: Lambda takes 6 MB of what API Gateway hands it, in base 64. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const firehoseConfig = strictObject({
  accessKey: secretString({
    minLength: 8,
    description: 'Access key of the delivery stream, which Firehose sends in `X-Amz-Firehose-Access-Key`.',
  }),
  maxRecords: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 10_000,
    description: 'Most records of one request; one with more is refused, and Firehose backs it up to S3 in the end.',
  }),
});

type FirehoseConfig = Static<typeof firehoseConfig>;

/** A request of Firehose (AWS: "HTTP endpoint delivery request and response specifications", protocol 1.0). */
const delivery = Type.Object({
  requestId: Type.String({ minLength: 1, maxLength: 256 }),
  timestamp: Type.Integer({ minimum: 0 }),
  records: Type.Array(Type.Object({ data: Type.String() })),
});

/**
 * Publishes what Amazon Data Firehose delivers to the connector's URL. Firehose takes a request for delivered when it is answered 200 with its own request id, and sends the
 * same again otherwise.
 */
export const firehoseSource = defineEventSource<typeof firehoseConfig>({
  name: 'firehose',
  summary: 'Publishes the records of an Amazon Data Firehose stream (HTTP endpoint delivery)',
  className: 'pulsar-io-serverless.FirehoseSource',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  refusals: { EFFECTIVELY_ONCE: 'a delivery has no position to go on from, and its records have no ids' },
  config: firehoseConfig,
  map: (event, config) => {
    authenticate(event, config);
    const { requestId, timestamp, records } = readDelivery(event);
    if (records.length > config.maxRecords)
      throw new PulsarIoError(
        'PIO_RECORD_TOO_LARGE',
        `the request has ${records.length} records, the limit is ${config.maxRecords}`,
      );
    return records.map(
      ({ data }, index): EventRecord => ({
        value: bytesOf(data, index),
        eventTimeMs: timestamp,
        properties: { 'firehose.request-id': requestId },
      }),
    );
  },
  answer: (event, error, nowMs) => ({
    requestId: headerOf(event.headers, 'x-amz-firehose-request-id') ?? '',
    timestamp: nowMs,
    ...(error && { errorMessage: error.message }),
  }),
});

const authenticate = ({ headers }: HttpEvent, { accessKey }: FirehoseConfig): void => {
  if (isEqualSecret(headerOf(headers, 'x-amz-firehose-access-key'), accessKey)) return;
  throw new PulsarIoError('PIO_UNAUTHORIZED', 'the request header X-Amz-Firehose-Access-Key must hold the access key');
};

const readDelivery = ({ headers, body }: HttpEvent): Static<typeof delivery> => {
  const encoding = headerOf(headers, 'content-encoding');
  const text = encoding === 'gzip' ? unzip(body, MAX_BODY_BYTES) : body;
  const given = jsonOf(text);
  if (!Check(delivery, given)) {
    const [first] = Errors(delivery, given);
    throw invalid(`is no delivery of Firehose: ${first?.path || '/'} ${first?.message}`);
  }
  const named = headerOf(headers, 'x-amz-firehose-request-id');
  if (given.requestId !== named) throw invalid('has another requestId than the header X-Amz-Firehose-Request-Id');
  return given;
};

const jsonOf = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw invalid('is not JSON'); // no cause: its message quotes the payload
  }
};

const bytesOf = (data: string, index: number): Buffer => {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(data) || data.length % 4 !== 0)
    throw invalid(`has at /records/${index}/data no base 64`);
  return Buffer.from(data, 'base64');
};

const invalid = (what: string): PulsarIoError => new PulsarIoError('PIO_SOURCE_RECORD_INVALID', `the body ${what}`);
