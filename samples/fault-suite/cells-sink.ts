import {
  defineSink,
  GUARANTEES,
  PulsarIoError,
  type RecordResult,
  type SinkRecord,
  Type,
  WRITTEN,
} from 'pulsar-io-serverless/connector';

const config = Type.Object({
  url: Type.String({ description: 'Takes `PUT /<key>?version=N`, and keeps the newest version.' }),
});

const TIMEOUT_MS = 5_000;

/** Writes each record as the value of its key, over HTTP. */
export const cellsSink = defineSink<typeof config>({
  name: 'cells',
  summary: 'Writes each record as the value of its key.',
  className: 'CellsSink',
  guarantees: GUARANTEES,
  route: 'versioned',
  accepts: 'text',
  config,
  open: async ({ url }, { fetch }) => {
    const put = async ({ key, value, version }: SinkRecord, signal: AbortSignal): Promise<RecordResult> => {
      const address = `${url}/${encodeURIComponent(key ?? '')}?version=${version}`;
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        const answer = await fetch(address, { method: 'PUT', body: String(value), signal: deadline });
        await answer.body?.cancel();
        if (answer.status < 500) return answer.ok ? WRITTEN : failed('PIO_SINK_REJECTED', `${url}: ${answer.status}`);
        return failed('PIO_SINK_UNAVAILABLE', `${url} answered ${answer.status}`);
      } catch (cause) {
        return failed('PIO_SINK_UNAVAILABLE', `${url} did not answer`, cause);
      }
    };
    const write = async (records: readonly SinkRecord[], signal: AbortSignal): Promise<readonly RecordResult[]> => {
      const results: RecordResult[] = [];
      for (const record of records) results.push(await put(record, signal));
      return results;
    };
    return { write, close: async () => undefined };
  },
});

const failed = (
  code: 'PIO_SINK_REJECTED' | 'PIO_SINK_UNAVAILABLE',
  message: string,
  cause?: unknown,
): RecordResult => ({
  ok: false,
  error: new PulsarIoError(code, message, { cause }),
});
