import type { Message } from '@aws-sdk/client-sqs';
import { concurrently } from '../../core/concurrently.ts';
import type { OpenQueueSource, QueueMessage } from '../../core/connector-type.ts';
import { throwIfAborted } from '../abort.ts';
import { type FoundQueue, findQueue } from './client.ts';
import { MAX_RETENTION_MS, type SqsSourceConfig } from './config.ts';
import { sqsError } from './errors.ts';
import { messageOf } from './messages.ts';

/** Most messages of one request, in every batch action of SQS. */
const MAX_MESSAGES = 10;
const REQUESTS_AT_ONCE = 4;
/** No further request once so much was received: what is in memory stays bounded. */
const ENOUGH_BYTES = 4 * 1024 * 1024;

/** Of SQS; for servers that do not tell. */
const DEFAULT_HIDDEN_SECONDS = 30;

/** Opens the queue and asks it for its times. */
export const openSqsQueue = async (config: SqsSourceConfig, signal: AbortSignal): Promise<OpenQueueSource> => {
  const found = await findQueue(config, 'SOURCE', signal);
  const { sqs, client, url, name } = found;
  try {
    const command = new sqs.GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['VisibilityTimeout', 'MessageRetentionPeriod'],
    });
    const { Attributes = {} } = await client.send(command, { abortSignal: signal });
    return new SqsQueue(found, config, {
      hiddenSeconds: config.visibilityTimeoutSeconds ?? Number(Attributes.VisibilityTimeout ?? DEFAULT_HIDDEN_SECONDS),
      retentionSeconds: Number(Attributes.MessageRetentionPeriod ?? MAX_RETENTION_MS / 1_000),
    });
  } catch (error) {
    client.destroy();
    throw sqsError(error, `asking ${name} for its attributes`, 'SOURCE', signal);
  }
};

interface QueueTimes {
  readonly hiddenSeconds: number;
  readonly retentionSeconds: number;
}

class SqsQueue implements OpenQueueSource {
  readonly #found: FoundQueue;
  readonly #config: SqsSourceConfig;
  readonly #hiddenSeconds: number;
  readonly hiddenMs: number;
  readonly retentionMs: number;

  constructor(found: FoundQueue, config: SqsSourceConfig, { hiddenSeconds, retentionSeconds }: QueueTimes) {
    this.#found = found;
    this.#config = config;
    this.#hiddenSeconds = hiddenSeconds;
    this.hiddenMs = hiddenSeconds * 1_000;
    this.retentionMs = retentionSeconds * 1_000;
  }

  /** Waits with one request; while answers are full, asks with several at once. */
  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly QueueMessage[]> {
    const messages = await this.#receiveSome(Math.min(max, MAX_MESSAGES), Math.ceil(waitMs / 1_000), signal);
    for (let isFull = messages.length === MAX_MESSAGES; isFull && sizeOf(messages) < ENOUGH_BYTES; ) {
      const requests = Math.min(REQUESTS_AT_ONCE, Math.floor((max - messages.length) / MAX_MESSAGES));
      if (requests === 0) break;
      const more = await this.#receiveAtOnce(requests, signal);
      messages.push(...more);
      isFull = more.length === requests * MAX_MESSAGES;
    }
    return messages.map((message) => messageOf(message, this.#config));
  }

  async settle(receipts: readonly string[], signal: AbortSignal): Promise<void> {
    const { sqs, client, url, name } = this.#found;
    throwIfAborted(signal, `deleting messages of ${name}`);
    await this.#inBatches(receipts, 'deleting messages of', signal, (Entries) =>
      client.send(new sqs.DeleteMessageBatchCommand({ QueueUrl: url, Entries }), { abortSignal: signal }),
    );
  }

  async extend(receipts: readonly string[], signal: AbortSignal): Promise<void> {
    const { sqs, client, url } = this.#found;
    const VisibilityTimeout = this.#hiddenSeconds;
    await this.#inBatches(receipts, 'hiding messages of', signal, (entries) => {
      const Entries = entries.map((entry) => ({ ...entry, VisibilityTimeout }));
      return client.send(new sqs.ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries }), {
        abortSignal: signal,
      });
    });
  }

  async close(): Promise<void> {
    this.#found.client.destroy();
  }

  /** What some requests brought; when one of them fails the others' messages count all the same. */
  async #receiveAtOnce(requests: number, signal: AbortSignal): Promise<readonly Message[]> {
    const answers = await Promise.allSettled(
      Array.from({ length: requests }, () => this.#receiveSome(MAX_MESSAGES, 0, signal)),
    );
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  }

  async #receiveSome(count: number, waitSeconds: number, signal: AbortSignal): Promise<Message[]> {
    const { sqs, client, url, name } = this.#found;
    const { visibilityTimeoutSeconds } = this.#config;
    const doing = `receiving from ${name}`;
    throwIfAborted(signal, doing);
    const command = new sqs.ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: count,
      WaitTimeSeconds: waitSeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['SentTimestamp', 'MessageGroupId'],
      ...(visibilityTimeoutSeconds !== undefined && { VisibilityTimeout: visibilityTimeoutSeconds }),
    });
    try {
      return (await client.send(command, { abortSignal: signal })).Messages ?? [];
    } catch (error) {
      throw sqsError(error, doing, 'SOURCE', signal);
    }
  }

  async #inBatches(
    receipts: readonly string[],
    doing: string,
    signal: AbortSignal,
    send: (entries: { Id: string; ReceiptHandle: string }[]) => Promise<unknown>,
  ): Promise<void> {
    const entries = receipts.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    const batches = Array.from({ length: Math.ceil(entries.length / MAX_MESSAGES) }, (_, index) =>
      entries.slice(index * MAX_MESSAGES, (index + 1) * MAX_MESSAGES),
    );
    try {
      await concurrently(batches, REQUESTS_AT_ONCE, async (batch) => void (await send(batch)));
    } catch (error) {
      throw sqsError(error, `${doing} ${this.#found.name}`, 'SOURCE', signal);
    }
  }
}

const sizeOf = (messages: readonly Message[]): number => {
  let bytes = 0;
  for (const { Body = '' } of messages) bytes += Body.length;
  return bytes;
};
