import { defineQueueSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkSqsSource, isFifo, MAX_RETENTION_MS, rememberMs, sqsSourceConfig } from './config.ts';
import { messagesOfEvent } from './messages.ts';

/**
 * Publishes the messages of an SQS queue: text as UTF-8, attributes as properties. A FIFO queue's message groups become keys and keep their order. Names and keys are those
 * of StreamNative's connector; unlike it, nothing is deleted from the queue before the guarantee says so.
 */
export const sqsSource = defineQueueSource<typeof sqsSourceConfig>({
  name: 'sqs',
  summary: 'Publishes messages of an AWS SQS queue',
  className: 'org.apache.pulsar.ecosystem.io.sqs.SQSSource',
  configClassName: 'org.apache.pulsar.ecosystem.io.sqs.SQSConnectorConfig',
  guarantees: GUARANTEES,
  config: sqsSourceConfig,
  check: checkSqsSource,
  isOrdered: isFifo,
  rememberMs,
  pollIntervalMs: ({ pollIntervalMs }) => pollIntervalMs,
  trigger: ({ trigger, queueArn, batchSize, batchingWindowSeconds, maxConcurrency }) =>
    trigger === 'event' && queueArn !== undefined
      ? {
          kind: 'queue',
          arn: queueArn,
          batchSize,
          windowSeconds: batchingWindowSeconds,
          retentionMs: MAX_RETENTION_MS,
          maxConcurrency,
        }
      : undefined,
  messagesOf: messagesOfEvent,
  open: async (config, { signal }) => (await import('./queue.ts')).openSqsQueue(config, signal),
});
