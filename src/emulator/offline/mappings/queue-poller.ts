import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { failuresOf } from './answer.ts';
import { invalid, type Polling, readArn } from './mapping.ts';
import type { ServerOptions } from './servers.ts';
import { untilAborted } from './until-aborted.ts';

/** Batches under way at once; Lambda begins with five. */
const POLLERS = 2;
/** Most messages of one request. */
const MAX_MESSAGES = 10;
const WAIT_SECONDS = 1;
/** Longest wait for an answer of the server. */
const ANSWER_MS = 20_000;

interface Queue {
  readonly sqs: typeof import('@aws-sdk/client-sqs');
  readonly client: SQSClient;
  readonly QueueUrl: string | undefined;
}

/**
 * Finds the queue of a mapping; rejects with what the server says when there is none. Throws `InvalidParameterValueException`, as Lambda does, when a message would show up
 * again while the function may still be at it.
 */
export const openQueue = async (arn: string, server: ServerOptions, functionSeconds = 0): Promise<Queue> => {
  const sqs = await import('@aws-sdk/client-sqs');
  const client = new sqs.SQSClient(server);
  const find = new sqs.GetQueueUrlCommand({ QueueName: readArn(arn).resource });
  const { QueueUrl } = await client.send(find, { abortSignal: AbortSignal.timeout(ANSWER_MS) });
  const look = new sqs.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] });
  const { Attributes } = await client.send(look, { abortSignal: AbortSignal.timeout(ANSWER_MS) });
  const hiddenSeconds = Number(Attributes?.VisibilityTimeout ?? functionSeconds);
  if (hiddenSeconds >= functionSeconds) return { sqs, client, QueueUrl };
  throw invalid(
    `Queue visibility timeout: ${hiddenSeconds} seconds is less than Function timeout: ${functionSeconds} seconds`,
  );
};

/** Receives, calls the function and deletes what is through, as Lambda does for a queue. */
export const pollQueue = async (polling: Polling, queue: Queue): Promise<void> => {
  const pollers = Math.min(POLLERS, polling.mapping.ScalingConfig?.MaximumConcurrency ?? POLLERS);
  const one = () => untilAborted(polling, () => pollOnce(polling, queue));
  await Promise.all(Array.from({ length: pollers }, one));
  queue.client.destroy();
};

const pollOnce = async (polling: Polling, queue: Queue): Promise<undefined> => {
  const messages = await collect(polling, queue);
  if (messages.length === 0) return undefined;
  const { EventSourceArn, FunctionResponseTypes = [] } = polling.mapping;
  const answer = await polling.invoke({ Records: messages.map((message) => queueRecord(message, EventSourceArn)) });
  const ids = new Set(messages.map(({ MessageId = '' }) => MessageId));
  const failures = FunctionResponseTypes.includes('ReportBatchItemFailures') ? failuresOf(answer, ids) : [];
  if (failures === 'all') throw new Error('the function answered with an item that is not of the batch');
  await remove(
    queue,
    messages.filter(({ MessageId = '' }) => !failures.includes(MessageId)),
  );
  polling.note(failures.length > 0 ? `PROBLEM: ${failures.length} of ${messages.length} messages failed` : 'OK');
  return undefined;
};

/** A batch: what one request brings, or more of them within the batching window. */
const collect = async ({ mapping, signal }: Polling, queue: Queue): Promise<Message[]> => {
  const { BatchSize, MaximumBatchingWindowInSeconds: windowSeconds } = mapping;
  const messages = await receive(queue, BatchSize);
  const endMs = performance.now() + windowSeconds * 1_000;
  while (messages.length > 0 && messages.length < BatchSize && performance.now() < endMs && !signal.aborted)
    messages.push(...(await receive(queue, BatchSize - messages.length)));
  return messages;
};

const receive = async ({ sqs, client, QueueUrl }: Queue, most: number): Promise<Message[]> => {
  const command = new sqs.ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: Math.min(most, MAX_MESSAGES),
    WaitTimeSeconds: WAIT_SECONDS,
    MessageAttributeNames: ['All'],
    MessageSystemAttributeNames: ['All'],
  });
  return (await client.send(command, { abortSignal: AbortSignal.timeout(ANSWER_MS) })).Messages ?? [];
};

const remove = async ({ sqs, client, QueueUrl }: Queue, messages: readonly Message[]): Promise<void> => {
  for (let from = 0; from < messages.length; from += MAX_MESSAGES) {
    const some = messages.slice(from, from + MAX_MESSAGES);
    const Entries = some.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    const command = new sqs.DeleteMessageBatchCommand({ QueueUrl, Entries });
    await client.send(command, { abortSignal: AbortSignal.timeout(ANSWER_MS) });
  }
};

/** A message as it stands in the event (AWS: "Using Lambda with Amazon SQS"). */
const queueRecord = (message: Message, arn: string) => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes ?? {},
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
        ...{ stringListValues: [], binaryListValues: [], dataType: DataType },
      },
    ]),
  ),
  ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
  ...{ md5OfBody: message.MD5OfBody, eventSource: 'aws:sqs', eventSourceARN: arn, awsRegion: readArn(arn).region },
});
