import { defineSink } from '../../core/connector-type.ts';
import { checkKinesisSink, kinesisSinkConfig } from './sink-config.ts';

/** Puts messages into a Kinesis stream; the message's key is the partition key. Names and keys are those of Pulsar's connector. */
export const kinesisSink = defineSink<typeof kinesisSinkConfig>({
  name: 'kinesis',
  summary: 'Kinesis connectors',
  className: 'org.apache.pulsar.io.kinesis.KinesisSink',
  configClassName: 'org.apache.pulsar.io.kinesis.KinesisSinkConfig',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  refusals: {
    EFFECTIVELY_ONCE:
      'Kinesis takes no condition and drops no repetition: a request whose answer was lost is there twice when it is sent again',
  },
  accepts: 'bytes',
  acceptsFor: ({ messageFormat }) => (messageFormat === 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE' ? 'text' : 'bytes'),
  config: kinesisSinkConfig,
  check: checkKinesisSink,
  open: async (config, context) => (await import('./put-records.ts')).openKinesisSink(config, context),
});
