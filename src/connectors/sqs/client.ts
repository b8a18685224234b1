import type { SQSClient } from '@aws-sdk/client-sqs';
import { clientOptions } from '../aws/client-options.ts';
import type { SqsQueueConfig } from './config.ts';
import { type Side, sqsError } from './errors.ts';

/** The AWS SDK's module for SQS, loaded with the first connector that needs it. */
export type Sqs = typeof import('@aws-sdk/client-sqs');

/** A queue that was found. */
export interface FoundQueue {
  readonly sqs: Sqs;
  readonly client: SQSClient;
  readonly url: string;
  /** How messages name it. */
  readonly name: string;
}

/** Connects to the queue of a configuration. Throws `PIO_SOURCE_MISCONFIGURED`, `PIO_SOURCE_UNAVAILABLE`, or the same of a sink. */
export const findQueue = async (config: SqsQueueConfig, side: Side, signal: AbortSignal): Promise<FoundQueue> => {
  const { awsEndpoint, awsRegion, queueName } = config;
  const sqs = await import('@aws-sdk/client-sqs');
  const client = new sqs.SQSClient({
    ...clientOptions(config),
    // Else requests would go to the host that the queue's own address names, which another network may not reach.
    ...(awsEndpoint !== '' && { useQueueUrlAsEndpoint: false }),
  });
  const name = `SQS queue ${queueName} (${awsRegion})`;
  try {
    const { QueueUrl } = await client.send(new sqs.GetQueueUrlCommand({ QueueName: queueName }), {
      abortSignal: signal,
    });
    return { sqs, client, url: QueueUrl ?? '', name };
  } catch (error) {
    client.destroy();
    throw sqsError(error, `looking for ${name}`, side, signal);
  }
};
