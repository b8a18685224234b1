import { type Static, Type } from '@sinclair/typebox';
import {
  type ConnectorPackage,
  defineSink,
  type OpenContext,
  type OpenSink,
  PulsarIoError,
  type RecordResult,
  recordId,
  type SinkRecord,
  secretString,
  strictObject,
  throwIfAborted,
  WRITTEN,
} from 'pulsar-io-serverless/connector';

const config = strictObject({
  url: Type.String({ format: 'uri', description: 'Receives one POST per message.' }),
  timeoutMs: Type.Integer({ minimum: 1, default: 5_000, description: 'Deadline of one request, in milliseconds.' }),
  token: Type.Optional(secretString({ description: 'Bearer token.' })),
});

/** What an answer's status means: the server is to blame and may recover, or the record is. */
const resultOf = (record: SinkRecord, status: number): RecordResult => {
  if (status < 400) return WRITTEN;
  const code = status === 429 || status >= 500 ? 'PIO_SINK_UNAVAILABLE' : 'PIO_SINK_REJECTED';
  return { ok: false, error: new PulsarIoError(code, `posting ${recordId(record)}: the answer was ${status}`) };
};

const openWebhookPost = (
  { url, timeoutMs, token }: Static<typeof config>,
  { fetch }: Pick<OpenContext, 'fetch'>,
): OpenSink => {
  const post = async (record: SinkRecord, signal: AbortSignal): Promise<RecordResult> => {
    throwIfAborted(signal, 'posting');
    try {
      const { status } = await fetch(url, {
        method: 'POST',
        headers: { 'x-message-id': recordId(record), ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        body: record.bytes === null ? null : new Uint8Array(record.bytes),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      return resultOf(record, status);
    } catch (cause) {
      throwIfAborted(signal, 'posting');
      return { ok: false, error: new PulsarIoError('PIO_SINK_UNAVAILABLE', `posting ${recordId(record)}`, { cause }) };
    }
  };
  return {
    // One after the other: messages of one key keep their order.
    write: async (records, signal) => {
      const results: RecordResult[] = [];
      for (const record of records) results.push(await post(record, signal));
      return results;
    },
    close: async () => {},
  };
};

const webhookPost = defineSink<typeof config>({
  name: 'webhook-post',
  summary: 'Posts each message to a URL',
  className: 'webhook-post',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  refusals: { EFFECTIVELY_ONCE: 'nothing says that the receiver recognises a message that comes twice' },
  accepts: 'bytes',
  config,
  open: async (options, context) => openWebhookPost(options, context),
});

export default { sinks: [webhookPost] } satisfies ConnectorPackage;
