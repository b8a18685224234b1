import { defineSink } from '../../core/connector-type.ts';
import { checkSqsSink, sqsSinkConfig } from './config.ts';

/** Sends payloads to an SQS queue. On a FIFO queue the key is the message group, and every attempt at a record carries the same deduplication id. */
export const sqsSink = defineSink<typeof sqsSinkConfig>({
  name: 'sqs',
  summary: 'Sends messages to an AWS SQS queue',
  className: 'org.apache.pulsar.ecosystem.io.sqs.SQSSink',
  configClassName: 'org.apache.pulsar.ecosystem.io.sqs.SQSConnectorConfig',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  refusals: {
    EFFECTIVELY_ONCE:
      'SQS keeps no frontier and no version; a FIFO queue drops repetitions for five minutes only, and a repetition may come later than that',
  },
  accepts: 'bytes',
  config: sqsSinkConfig,
  check: checkSqsSink,
  open: async (config, { signal }) => (await import('./send.ts')).openSqsSink(config, signal),
});
