import type { TransactionalSink } from '../../src/core/connector-type.ts';
import { FRONTIER_START, type Frontier } from '../../src/core/frontier.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import { NEW_STATUS } from '../../src/core/instance-status.ts';
import type { MessageIdParts } from '../../src/core/message-id.ts';
import type { MessagingConsumer, OutgoingMessage } from '../../src/core/messaging.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { RunCounters } from '../../src/core/run-counters.ts';
import type { DeadLetters } from '../../src/delivery/dead-letters.ts';
import type { Accepts } from '../../src/delivery/decode.ts';
import type { FrontierHolder } from '../../src/delivery/frontier-holder.ts';
import { GUARANTEE_KEEPERS, type Pipeline, sinkPipeline } from '../../src/delivery/pipeline.ts';
import { shapeFor } from '../../src/delivery/shape.ts';
import type { SinkBatch } from '../../src/delivery/sink-batch.ts';

const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => undefined };

/** Record `entryId` of a topic; its payload is the text. */
export const record = (entryId: number, text: string, more: Partial<SinkRecord> = {}): SinkRecord => ({
  topic: 'topic',
  messageId: { ledgerId: 1, entryId, batchIndex: -1 },
  bytes: Buffer.from(text),
  value: undefined,
  properties: {},
  publishTimeMs: 1,
  producerName: 'p',
  sequenceId: entryId,
  redeliveryCount: 0,
  version: 1_000 + entryId,
  ...more,
});

/** One batch, and everything that a pipeline did with it, in order. */
export class BatchWorld {
  readonly happened: string[] = [];
  readonly letters: OutgoingMessage[] = [];
  readonly counters = new RunCounters(NEW_STATUS, clock);
  frontier: Frontier = FRONTIER_START;
  /** Thrown by the next move of the frontier. */
  moveFailure: Error | undefined;
  letterFailure: Error | undefined;
  /** Throws for a letter that the topic does not take. */
  acceptLetter: (letter: OutgoingMessage) => void = () => undefined;
  sink: TransactionalSink = {
    write: async (records) => {
      this.happened.push(`write ${records.map(({ value }) => String(value)).join(' ')}`);
      return records.map(() => ({ ok: true }));
    },
    fence: async () => ({ token: { generation: 1, epoch: 1 }, frontier: this.frontier }),
    transact: async (records, { to }) => {
      this.happened.push(
        `transact ${records.map(({ value }) => String(value)).join(' ')} to ${to.entryId}`.replace('  ', ' '),
      );
      return undefined;
    },
    close: async () => undefined,
  };

  readonly #consumer = {
    ackCumulative: async ({ entryId }: MessageIdParts) => void this.happened.push(`ack to ${entryId}`),
    ackIndividual: async (ids: readonly MessageIdParts[]) =>
      void this.happened.push(`ack ${ids.map(({ entryId }) => entryId).join(' ')}`),
  } as unknown as MessagingConsumer;

  /** A batch of these records. */
  batch(
    records: readonly SinkRecord[],
    more: Partial<SinkBatch> & { isInTarget?: boolean; withLetters?: boolean } = {},
  ): SinkBatch {
    const { isInTarget = false, withLetters = false, ...rest } = more;
    const holder = (): Frontier => this.frontier;
    const frontier: FrontierHolder = {
      get current() {
        return holder();
      },
      token: { generation: 1, epoch: 1 },
      isInTarget,
      move: async (to) => {
        if (this.moveFailure) throw this.moveFailure;
        this.happened.push(`frontier ${to.entryId}`);
        this.frontier = to;
      },
      note: (to) => {
        this.frontier = to;
      },
    };
    const deadLetters = {
      isDeduplicated: true,
      topic: 'letters',
      uid: 'uid',
      publish: async (message: OutgoingMessage) => {
        if (this.letterFailure) throw this.letterFailure;
        this.acceptLetter(message);
        this.letters.push(message);
        this.happened.push(`letter ${String(message.value)}`);
      },
    } as unknown as DeadLetters;
    return {
      topic: 'topic',
      records: records.map((one) => ({ record: one, attempts: one.redeliveryCount })),
      order: 'topic',
      consumer: this.#consumer,
      frontier,
      deadLetters: withLetters ? deadLetters : undefined,
      maxRetries: undefined,
      counters: this.counters,
      signal: new AbortController().signal,
      ...rest,
    };
  }

  /** The pipeline of a guarantee over this world's sink. */
  pipeline(guarantee: Guarantee, accepts: Accepts = 'text'): Pipeline<SinkBatch> {
    const middleware = GUARANTEE_KEEPERS.sink[guarantee].middleware();
    return sinkPipeline({
      guarantee: middleware,
      toTarget: shapeFor(accepts, undefined),
      subscription: 'sub',
      sink: this.sink,
    });
  }
}

/** What became of each record. */
export const outcomes = ({ records }: SinkBatch): (string | undefined)[] => records.map(({ outcome }) => outcome);
