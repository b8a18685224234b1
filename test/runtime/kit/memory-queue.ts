import { Type } from '@sinclair/typebox';
import {
  defineQueueSource,
  type EventRecord,
  type OpenQueueSource,
  type QueueMessage,
  type QueueSourceType,
} from '../../../src/core/connector-type.ts';
import { GUARANTEES } from '../../../src/core/guarantee.ts';

interface Held {
  readonly id: string | undefined;
  readonly record: EventRecord;
  /** Receipt of the delivery that hides it. */
  hiddenBy: string | undefined;
  deliveries: number;
}

const DAY_MS = 86_400_000;

/** A queue that a test owns: as SQS has it, with or without the order of message groups (their keys). */
export class MemoryQueue {
  readonly #held: Held[] = [];
  #deliveries = 0;
  isOrdered = false;
  /** True: a message is settled for good only the second time, as a standard SQS queue may show one again that was deleted. */
  isForgetful = false;
  retentionMs = 4 * DAY_MS;
  rememberMs = 15 * DAY_MS;
  maxReceive = 10;
  /** Ids of messages that were settled, in that order. */
  readonly settled: (string | undefined)[] = [];
  #sent = 0;

  /** Adds messages; each is its value, or a record with an id of its own. */
  send(...messages: readonly (string | (EventRecord & { readonly id?: string | undefined }))[]): void {
    for (const message of messages) {
      const { id, ...record } =
        typeof message === 'string' ? { value: message, id: `m${this.#sent}` } : { id: `m${this.#sent}`, ...message };
      this.#sent += 1;
      this.#held.push({ id, record, hiddenBy: undefined, deliveries: 0 });
    }
  }

  /** Every hidden message shows again, as when its time is over. */
  expire(): void {
    for (const held of this.#held) held.hiddenBy = undefined;
  }

  /** Messages that are not settled. */
  get left(): readonly string[] {
    return this.#held.map(({ record }) => String(record.value));
  }

  receive(max: number): QueueMessage[] {
    const hiddenKeys = new Set(this.#held.filter(({ hiddenBy }) => hiddenBy).map(({ record }) => record.key));
    const isFree = ({ hiddenBy, record }: Held) => !hiddenBy && !(this.isOrdered && hiddenKeys.has(record.key));
    return this.#held
      .filter(isFree)
      .slice(0, Math.min(max, this.maxReceive))
      .map((held) => {
        held.hiddenBy = `${this.#deliveries++}`;
        held.deliveries += 1;
        return { id: held.id, record: held.record, receipt: held.hiddenBy };
      });
  }

  settle(receipts: readonly string[]): void {
    for (const receipt of receipts) {
      const index = this.#held.findIndex(({ hiddenBy }) => hiddenBy === receipt);
      if (this.isForgetful && this.#held[index]?.deliveries === 1) continue;
      if (index >= 0) this.settled.push(...this.#held.splice(index, 1).map(({ id }) => id));
    }
  }

  #open(): OpenQueueSource {
    return {
      hiddenMs: 30_000,
      retentionMs: this.retentionMs,
      receive: async (max) => this.receive(max),
      settle: async (receipts) => this.settle(receipts),
      extend: async () => undefined,
      close: async () => undefined,
    };
  }

  /** The queue as a source type named `queue`. */
  get type(): QueueSourceType {
    return defineQueueSource({
      name: 'queue',
      summary: 'Receives what a test sends',
      className: 'MemoryQueueSource',
      guarantees: GUARANTEES,
      config: Type.Object({ trigger: Type.Optional(Type.String()) }),
      isOrdered: () => this.isOrdered,
      rememberMs: () => this.rememberMs,
      pollIntervalMs: () => 60_000,
      trigger: ({ trigger }) =>
        trigger === undefined
          ? undefined
          : {
              kind: 'queue',
              arn: trigger,
              batchSize: 10,
              windowSeconds: 0,
              retentionMs: this.retentionMs,
              maxConcurrency: undefined,
            },
      messagesOf: (event) => event as readonly QueueMessage[],
      open: async () => this.#open(),
    });
  }
}
