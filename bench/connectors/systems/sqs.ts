import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { concurrently } from '../../../src/core/concurrently.ts';
import { sqsClient, sqsConfigs } from '../../../test/e2e/sqs-input.ts';
import { type SqsAddress, startElasticmq } from '../../../test/services/elasticmq.ts';
import { type Filled, pagesOf, type System, stop } from '../system.ts';

const PER_REQUEST = 10;
const REQUESTS = 4;

const fill = async (address: SqsAddress, records: number): Promise<Filled> => {
  const client = sqsClient(address);
  const QueueName = `bench-${randomUUID()}`;
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName }));
  await concurrently(pagesOf(records, PER_REQUEST), REQUESTS, async (rows) => {
    const Entries = rows.map((row) => ({ Id: `${row.n}`, MessageBody: JSON.stringify(row) }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  });
  return {
    configs: sqsConfigs(address, QueueName),
    raw: async () => () => receiveAll(client, QueueUrl ?? '', records),
    dispose: async () => client.destroy(),
  };
};

const receiveAll = async (client: SQSClient, QueueUrl: string, records: number): Promise<number> => {
  let count = 0;
  const receiver = async (): Promise<void> => {
    while (count < records) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: PER_REQUEST, WaitTimeSeconds: 0 }),
      );
      if (Messages.length === 0) continue;
      count += Messages.length;
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  };
  await Promise.all(Array.from({ length: REQUESTS }, receiver));
  return count;
};

/** SQS: four receivers of ten messages each, which delete them with one request. */
export const sqs = async (): Promise<System> => {
  const server = await startElasticmq();
  return {
    source: { sourceType: 'sqs', records: 4_000, fill: (records) => fill(server.address, records) },
    ...stop(server),
  };
};
