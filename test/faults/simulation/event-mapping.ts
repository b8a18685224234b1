import type { SQSBatchResponse } from 'aws-lambda';
import type { EventMappings } from '../../../src/core/queue-triggers.ts';
import { createQueueEvents, type QueueEvents } from '../../../src/runtime/queue-events.ts';
import type { Invocation, Lambda } from './lambda.ts';
import { unavailable } from './platform-failure.ts';
import type { Process, Surroundings } from './process.ts';
import type { QueueSystem, ReceivedMessage } from './queue-system.ts';

/** Account and region of the simulated queue. */
const ARN = 'arn:aws:sqs:us-east-1:123456789012:simulated';

const POLLERS = 3;
const POLL_EVERY_MS = 150;
const BATCH = 7;
/** A little longer than the shortest time that a function has: what a slow or frozen one works on shows again meanwhile. AWS advises six times as long. */
const HIDDEN_MS = 16_000;
/** How often the function is called with an event again that it has answered. */
const REPLAYED = 0.05;

/** Amazon resource name of the simulated queue. */
export const queueArn = (isOrdered: boolean): string => (isOrdered ? `${ARN}.fifo` : ARN);

/**
 * Lambda's event source mapping of the one queue (AWS: "Using Lambda with Amazon SQS"): pollers take batches while it is enabled and call the function with them. What its answer does not name is deleted;
 * all the rest shows again in the queue's own time, as everything does when the function failed.
 */
export class EventMapping {
  #isEnabled = false;
  readonly #queue: QueueSystem;
  readonly #function: Lambda;
  readonly #surroundings: Surroundings;
  readonly #arn: string;
  readonly #handlers = new WeakMap<Process, QueueEvents>();

  constructor(surroundings: Surroundings, queue: QueueSystem, lambda: Lambda, isOrdered: boolean) {
    this.#surroundings = surroundings;
    this.#queue = queue;
    this.#function = lambda;
    this.#arn = queueArn(isOrdered);
    for (let poller = 0; poller < POLLERS; poller++) void this.#poll();
  }

  /** The API of mappings as a process sees it. */
  portOf(process: Process): EventMappings {
    const ask = (port: string, signal: AbortSignal, effect: () => void): Promise<void> =>
      process.request({ port: `mappings.${port}`, signal, effect, failure: unavailable });
    return {
      ensure: (_, __, isEnabled, signal) =>
        ask('ensure', signal, () => {
          this.#isEnabled = isEnabled;
        }),
      remove: (_, signal) =>
        ask('remove', signal, () => {
          this.#isEnabled = false;
        }),
    };
  }

  async #poll(): Promise<void> {
    const { timeline, dice } = this.#surroundings;
    for (;;) {
      await timeline.delay(POLL_EVERY_MS + dice.integer(POLL_EVERY_MS));
      const messages = this.#isEnabled ? this.#queue.take(BATCH, HIDDEN_MS) : [];
      if (messages.length > 0) await this.#call(messages);
    }
  }

  async #call(messages: readonly ReceivedMessage[]): Promise<void> {
    const { dice } = this.#surroundings;
    const event = { Records: messages.map((message) => this.#recordOf(message)) };
    const invoke = () => this.#function.invoke((invocation) => this.#answer(event, invocation)).catch(() => undefined);
    let answer = await invoke();
    if (answer && dice.chance(REPLAYED)) answer = await invoke();
    if (!answer) return;
    const kept = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    this.#queue.settle(new Set(messages.filter(({ id }) => !kept.has(id)).map(({ receipt }) => receipt)));
  }

  /** The handler of the sandbox, and its answer on the way to the platform. */
  async #answer(event: object, { process, deps, signal }: Invocation): Promise<SQSBatchResponse> {
    const handler = this.#handlers.get(process) ?? createQueueEvents(deps);
    this.#handlers.set(process, handler);
    const answer = await handler(event, signal);
    return process.request({ port: 'function.answer', effect: () => answer, failure: unavailable });
  }

  #recordOf({ id, receipt, record }: ReceivedMessage): object {
    return {
      messageId: id,
      receiptHandle: receipt,
      body: String(record.value),
      attributes: { SentTimestamp: '1800000000000', ...(record.key !== undefined && { MessageGroupId: record.key }) },
      messageAttributes: {},
      eventSource: 'aws:sqs',
      eventSourceARN: this.#arn,
      awsRegion: 'us-east-1',
    };
  }
}
