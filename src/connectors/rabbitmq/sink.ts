import { defineSink } from '../../core/connector-type.ts';
import { checkRabbitmqSink, rabbitmqSinkConfig } from './config.ts';

/**
 * Publishes payloads to an exchange, and takes a message for written when the server has confirmed it (publisher confirms). Pulsar's connector acknowledges what it has only
 * sent, and lets vanish what no queue gets.
 */
export const rabbitmqSink = defineSink<typeof rabbitmqSinkConfig>({
  name: 'rabbitmq',
  summary: 'A sink connector is used for moving messages from Pulsar to RabbitMQ.',
  className: 'org.apache.pulsar.io.rabbitmq.RabbitMQSink',
  configClassName: 'org.apache.pulsar.io.rabbitmq.RabbitMQSinkConfig',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  refusals: {
    EFFECTIVELY_ONCE:
      'RabbitMQ keeps no frontier and no version, and does not know a message again: when a confirmation is lost, publishing once more is a second message. Consumers can tell it by its message id, which is the same',
  },
  accepts: 'bytes',
  config: rabbitmqSinkConfig,
  check: checkRabbitmqSink,
  open: async (config, { signal }) => (await import('./publisher.ts')).openRabbitmqPublisher(config, signal),
});
