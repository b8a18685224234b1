import { defineQueueSource } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkRabbitmqSource, rabbitmqSourceConfig } from './config.ts';

const DAY_MS = 86_400_000;
/** Beyond the queue's own time: the runtime asks for one day, the other is for clocks and for messages that are held when their time ends. */
const MARGIN_MS = 2 * DAY_MS;

/**
 * Publishes the messages of a RabbitMQ queue, with Pulsar's names and keys. Unlike Pulsar's connector, which acknowledges a message before Pulsar has it, nothing leaves the
 * queue before the guarantee says so.
 */
export const rabbitmqSource = defineQueueSource<typeof rabbitmqSourceConfig>({
  name: 'rabbitmq',
  summary: 'A simple connector to move messages from a RabbitMQ queue to a Pulsar topic',
  className: 'org.apache.pulsar.io.rabbitmq.RabbitMQSource',
  configClassName: 'org.apache.pulsar.io.rabbitmq.RabbitMQSourceConfig',
  guarantees: GUARANTEES,
  config: rabbitmqSourceConfig,
  check: checkRabbitmqSource,
  // A message that is given back comes after those that were delivered meanwhile.
  isOrdered: () => false,
  rememberMs: ({ messageTtlMs = 0 }) => messageTtlMs + MARGIN_MS,
  pollIntervalMs: ({ pollIntervalMs }) => pollIntervalMs,
  trigger: () => undefined,
  messagesOf: () => {
    throw new PulsarIoError(
      'PIO_REQUEST_INVALID',
      'a rabbitmq source takes no events: its runs receive from the queue',
    );
  },
  open: async (config, { signal }) => (await import('./queue.ts')).openRabbitmqQueue(config, signal),
});
