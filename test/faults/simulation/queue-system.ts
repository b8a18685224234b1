import { Type } from '@sinclair/typebox';
import {
  defineQueueSource,
  type EventRecord,
  type OpenQueueSource,
  type QueueMessage,
  type QueueSourceType,
} from '../../../src/core/connector-type.ts';
import { PulsarIoError } from '../../../src/core/errors.ts';
import { GUARANTEES } from '../../../src/core/guarantee.ts';
import type { Process, Surroundings } from './process.ts';

/** One object for all processes: what is compiled of it is compiled once. */
const CONFIG = Type.Object({});

const DAY_MS = 86_400_000;
const POLL_MS = 700;
/** How long a received message stays hidden: shorter than the longest freeze, so that what a frozen run received shows again meanwhile. */
const HIDDEN_MS = 6_000;
/** Without an order: how often a message that can be seen is passed over, one that was removed stays, and one that is hidden shows all the same. */
const CHANCES = { skip: 0.2, stay: 0.01, show: 0.01 };

interface Waiting {
  readonly id: string;
  readonly record: EventRecord;
  hiddenUntilMs: number;
  deliveries: number;
}

/** A message as the queue gives it: with an id. */
export type ReceivedMessage = QueueMessage & { readonly id: string };

/** A queue as SQS has it, FIFO or not; what it gave and was not told to remove shows again. The source type `queue` reads it. */
export class QueueSystem {
  #waiting: Waiting[] = [];
  readonly #surroundings: Surroundings;
  readonly #isOrdered: boolean;

  constructor(surroundings: Surroundings, isOrdered: boolean) {
    this.#surroundings = surroundings;
    this.#isOrdered = isOrdered;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Adds a message; `id` tells its repetitions. */
  add(id: string, record: EventRecord): void {
    this.#waiting.push({ id, record, hiddenUntilMs: 0, deliveries: 0 });
  }

  /** The source type as a process opens it. */
  typeFor(process: Process): QueueSourceType {
    return defineQueueSource({
      name: 'queue',
      summary: 'Receives what a simulation sends',
      className: 'SimulatedQueueSource',
      guarantees: GUARANTEES,
      config: CONFIG,
      isOrdered: () => this.#isOrdered,
      rememberMs: () => 3 * DAY_MS,
      pollIntervalMs: () => POLL_MS,
      trigger: () => undefined,
      messagesOf: () => [],
      open: async () => this.#open(process),
    });
  }

  #open(process: Process): OpenQueueSource {
    const ask = <T>(port: string, signal: AbortSignal, effect: () => T | Promise<T>): Promise<T> =>
      process.request({ port: `queue.${port}`, signal, effect, failure: unavailable });
    return {
      hiddenMs: HIDDEN_MS,
      retentionMs: DAY_MS,
      receive: (max, waitMs, signal) => ask('receive', signal, () => this.#receive(max, waitMs)),
      settle: (receipts, signal) => ask('settle', signal, () => this.settle(new Set(receipts))),
      extend: (receipts, signal) => ask('extend', signal, () => this.#extend(new Set(receipts))),
      close: async () => undefined,
    };
  }

  async #receive(max: number, waitMs: number): Promise<readonly QueueMessage[]> {
    const atOnce = this.take(max);
    if (atOnce.length > 0) return atOnce;
    await this.#surroundings.timeline.delay(waitMs);
    return this.take(max);
  }

  /** Gives messages, which are hidden for `hiddenMs`. */
  take(max: number, hiddenMs = HIDDEN_MS): ReceivedMessage[] {
    const shown = this.#isOrdered ? this.#inOrder() : this.#waiting.filter((message) => this.#isShown(message));
    return shown.slice(0, max).map((message) => {
      message.hiddenUntilMs = this.#nowMs + hiddenMs;
      message.deliveries += 1;
      return { record: message.record, id: message.id, receipt: receiptOf(message) };
    });
  }

  /** What is behind a hidden message of its group waits. */
  #inOrder(): Waiting[] {
    const held = new Set(this.#waiting.filter((message) => this.#isHidden(message)).map(({ record }) => record.key));
    return this.#waiting.filter(({ record }) => !held.has(record.key));
  }

  #isShown(message: Waiting): boolean {
    const { dice } = this.#surroundings;
    return this.#isHidden(message) ? dice.chance(CHANCES.show) : !dice.chance(CHANCES.skip);
  }

  /** Removes what these receipts are good for. */
  settle(receipts: ReadonlySet<string>): void {
    this.#waiting = this.#waiting.filter((message) => {
      if (!receipts.has(receiptOf(message))) return true;
      return this.#isOrdered ? !this.#isHidden(message) : this.#surroundings.dice.chance(CHANCES.stay);
    });
  }

  #extend(receipts: ReadonlySet<string>): void {
    for (const message of this.#waiting)
      if (receipts.has(receiptOf(message))) message.hiddenUntilMs = this.#nowMs + HIDDEN_MS;
  }

  #isHidden({ hiddenUntilMs }: Waiting): boolean {
    return hiddenUntilMs > this.#nowMs;
  }

  get #nowMs(): number {
    return this.#surroundings.timeline.nowMs;
  }
}

/** Good for one delivery. */
const receiptOf = ({ id, deliveries }: Waiting): string => `${id} ${deliveries}`;

const unavailable = (): Error => new PulsarIoError('PIO_SOURCE_UNAVAILABLE', 'the simulated queue does not answer');
