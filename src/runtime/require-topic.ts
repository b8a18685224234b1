import { connectorPath, type SourceConnector } from '../core/connector.ts';
import { PulsarIoError } from '../core/errors.ts';

/** Throws `PIO_CONFIG_INVALID` for a source without a topic, which Pulsar's API takes at create. */
export const requireTopic = ({ config }: SourceConnector): void => {
  if (config.topicName !== '') return;
  throw new PulsarIoError(
    'PIO_CONFIG_INVALID',
    `source ${connectorPath(config)} has no topic to publish to: update it with a topicName (pulsar-admin: --destination-topic-name)`,
  );
};
