import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SqsAddress } from '../services/index.ts';
import { inputRecord } from './growing-file.ts';
import type { Input } from './input.ts';
import { leftInInbox } from './left-in-inbox.ts';

const PER_REQUEST = 10;

/** Config of a connector that works with a queue of that server. */
export const sqsConfigs = ({ endpoint, region, credentials }: SqsAddress, queueName: string) => ({
  awsEndpoint: endpoint,
  awsRegion: region,
  queueName,
  awsCredentialPluginParam: JSON.stringify({
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
  }),
});

/** A client of that server. */
export const sqsClient = ({ endpoint, region, credentials }: SqsAddress): SQSClient =>
  new SQSClient({ endpoint, region, credentials: { ...credentials } });

/**
 * A FIFO queue with one message group, so that the order can be checked; ten messages come every `pauseMs`. What a killed run received shows again after a
 * second.
 */
export const sqsInput = async (address: SqsAddress, { pauseMs = 20 } = {}): Promise<Input> => {
  const client = sqsClient(address);
  const queueName = `e2e-${randomUUID()}.fifo`;
  const Attributes = { FifoQueue: 'true', VisibilityTimeout: '1' };
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: queueName, Attributes }));
  return {
    sourceType: 'sqs',
    configs: { ...sqsConfigs(address, queueName), pollIntervalMs: 200 },
    feed: async (records, isEnough = async () => false) => {
      let from = 0;
      for (; from < records && !(await isEnough()); from += PER_REQUEST) {
        const count = Math.min(PER_REQUEST, records - from);
        const Entries = Array.from({ length: count }, (_, index) => ({
          Id: String(index),
          MessageBody: JSON.stringify(inputRecord(from + index)),
          MessageGroupId: 'all',
          MessageDeduplicationId: String(from + index),
        }));
        await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
        await sleep(pauseMs);
      }
      return Math.min(from, records);
    },
    isRead: async (storePath) => (await leftInQueue(client, QueueUrl ?? '')) === 0 && leftInInbox(storePath) === 0,
    dispose: async () => {
      await client.send(new DeleteQueueCommand({ QueueUrl }));
      client.destroy();
    },
  };
};

const leftInQueue = async (client: SQSClient, QueueUrl: string): Promise<number> => {
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return Number(Attributes?.ApproximateNumberOfMessages) + Number(Attributes?.ApproximateNumberOfMessagesNotVisible);
};
