import { defineSink } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkHttpSink, httpSinkConfig } from './sink-config.ts';

/** Records of a write that sends a request for each: a write should be a matter of seconds. */
const MAX_SINGLE_RECORDS = 100;

/**
 * Sends the value of each message to a web server (webhook), with Pulsar's headers. EFFECTIVELY_ONCE is the target's doing: every attempt at a record carries the same id in
 * the header that `idempotencyHeader` names, and the target does nothing for one that it has seen.
 */
export const httpSink = defineSink<typeof httpSinkConfig>({
  name: 'http',
  summary: 'Writes data to an HTTP server (Webhook)',
  className: 'org.apache.pulsar.io.http.HttpSink',
  configClassName: 'org.apache.pulsar.io.http.HttpSinkConfig',
  guarantees: GUARANTEES,
  route: 'idempotent',
  routeFor: ({ idempotencyHeader, batchSize }) =>
    idempotencyHeader !== undefined && batchSize === 1 ? 'idempotent' : undefined,
  accepts: 'text',
  config: httpSinkConfig,
  check: checkHttpSink,
  maxBatchRecords: ({ batchSize }) => (batchSize > 1 ? batchSize : MAX_SINGLE_RECORDS),
  open: async (config, { uid, guarantee }) =>
    new (await import('./sink-session.ts')).HttpSinkSession(config, uid, guarantee),
});
