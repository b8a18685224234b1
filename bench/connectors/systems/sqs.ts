import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { concurrently } from '../../../src/core/concurrently.ts';
import { sqsClient, sqsConfigs } from '../../../test/e2e/sqs-input.ts';
import type { Target } from '../../../test/e2e/target.ts';
import { type SqsAddress, startElasticmq } from '../../../test/services/elasticmq.ts';
import { type Filled, pagesOf, type Row, rowsOf, type System, stop, type Writer } from '../system.ts';

const PER_REQUEST = 10;
const REQUESTS = 4;

const send = async (client: SQSClient, QueueUrl: string, rows: readonly Row[]): Promise<void> => {
  const starts = Array.from({ length: Math.ceil(rows.length / PER_REQUEST) }, (_, page) => page * PER_REQUEST);
  await concurrently(starts, REQUESTS, async (from) => {
    const ten = rows.slice(from, from + PER_REQUEST);
    const Entries = ten.map((row) => ({ Id: `${row.n}`, MessageBody: JSON.stringify(row) }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  });
};

/** A queue that tells how many messages wait in it. */
const queueTarget = async (address: SqsAddress): Promise<Target> => {
  const client = sqsClient(address);
  const QueueName = `bench-${randomUUID()}`;
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName }));
  const rows = async (): Promise<number> => {
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
    return Number((await client.send(asked)).Attributes?.ApproximateNumberOfMessages);
  };
  return {
    ...{ name: 'SQS', sinkType: 'sqs', configs: sqsConfigs(address, QueueName), sourceConfigs: {} },
    ...{ repeatsAreRows: true, rows, distinct: rows, read: async () => [], repeatedWrites: async () => 0 },
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
};

const write =
  (address: SqsAddress): Writer =>
  async ({ configs }, batches) => {
    const client = sqsClient(address);
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: String(configs.queueName) }));
    return async () => {
      for (const batch of batches) await send(client, QueueUrl ?? '', rowsOf(batch));
      client.destroy();
    };
  };

const fill = async (address: SqsAddress, records: number): Promise<Filled> => {
  const client = sqsClient(address);
  const QueueName = `bench-${randomUUID()}`;
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName }));
  for (const rows of pagesOf(records, records)) await send(client, QueueUrl ?? '', rows);
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

/** SQS: four requests under way of ten messages each; receivers delete what they got with one request. */
export const sqs = async (): Promise<System> => {
  const server = await startElasticmq();
  return {
    sink: {
      records: 4_000,
      target: () => queueTarget(server.address),
      modes: { '': {} },
      guarantees: ['ATLEAST_ONCE'],
      raw: write(server.address),
    },
    source: { sourceType: 'sqs', records: 4_000, fill: (records) => fill(server.address, records) },
    ...stop(server),
  };
};
