import type { MessageIdParts } from '../../../../src/core/message-id.ts';
import type {
  ConsumerOptions,
  IncomingMessage,
  MessagingConsumer,
  ReceiveOptions,
} from '../../../../src/core/messaging.ts';
import { PulsarError } from '../../../../src/pulsar/errors.ts';
import type { SimulatedSession } from './session.ts';
import { type Attached, Subscription } from './subscription.ts';
import type { Entry, Topic } from './topic.ts';

/** Subscribes and gives the client's end of the consumer. */
export const openConsumer = async (session: SimulatedSession, options: ConsumerOptions): Promise<MessagingConsumer> => {
  const consumer = new SimulatedConsumer(session, session.broker.topic(options.topic), options);
  await consumer.subscribe();
  return consumer;
};

interface Waiting {
  readonly options: ReceiveOptions;
  /** Set when the first message is there: what more may come is waited for no longer than the linger. */
  isLingering: boolean;
  isOver: boolean;
  finish(): void;
}

const keyOf = ({ ledgerId, entryId }: Pick<MessageIdParts, 'ledgerId' | 'entryId'>): string => `${ledgerId}:${entryId}`;

class SimulatedConsumer implements MessagingConsumer {
  readonly #session: SimulatedSession;
  readonly #topic: Topic;
  readonly #options: ConsumerOptions;
  readonly #name: string;
  #subscription: Subscription | undefined;
  #attached: Attached | undefined;
  #queue: IncomingMessage[] = [];
  #waiting: Waiting | undefined;
  /** Messages of an entry that were acknowledged one by one, until all are. */
  readonly #partly = new Map<string, Set<number>>();
  #forgetClosing: () => void = () => undefined;
  #isClosed = false;

  constructor(session: SimulatedSession, topic: Topic, options: ConsumerOptions) {
    this.#session = session;
    this.#topic = topic;
    this.#options = options;
    this.#name = options.consumerName ?? session.broker.newName();
    session.whenEnded(() => this.#waiting?.finish());
  }

  async subscribe(): Promise<void> {
    await this.#session.request('session.consumer', () => this.#attach(), this.#options.signal);
  }

  async #attach(): Promise<void> {
    const { connection } = this.#session;
    const attached: Attached = {
      name: this.#name,
      connection,
      permits: this.#options.receiverQueueSize,
      push: (entry, redeliveries) => this.#push(attached, entry, redeliveries),
    };
    const subscription = this.#subscribed();
    this.#subscription = subscription;
    this.#attached = attached;
    await subscription.attach(attached, this.#options.subscriptionType);
    this.#forgetClosing = connection.onClosed(() => this.#detach());
  }

  #subscribed(): Subscription {
    const { subscription, initialPosition, subscriptionProperties, durable = true } = this.#options;
    if (durable) return this.#topic.subscription(subscription, initialPosition, subscriptionProperties);
    const { startMessageId: start = { ledgerId: -1, entryId: -1 }, startInclusive } = this.#options;
    const before = this.#topic.indexAt(start.ledgerId, start.entryId - (startInclusive ? 1 : 0));
    const markDelete = Math.max(before, this.#topic.firstKept - 1);
    const made = new Subscription(this.#topic, subscription, markDelete, { properties: {}, isDurable: false });
    this.#topic.subscriptions.set(subscription, made);
    return made;
  }

  #detach(): void {
    this.#forgetClosing();
    if (this.#attached) this.#subscription?.detach(this.#attached);
    if (this.#subscription?.isDurable === false) this.#topic.subscriptions.delete(this.#subscription.name);
    this.#attached = undefined;
  }

  /** The broker sends an entry; it is dropped when the consumer has subscribed anew meanwhile. */
  #push(to: Attached, entry: Entry, redeliveryCount: number): void {
    const { timeline } = this.#topic.context;
    const { connection, process } = this.#session;
    timeline.at(connection.lane.answer(timeline.nowMs + process.latency()), () => {
      process.deliver(() => {
        if (this.#attached !== to || !connection.isOpen) return;
        this.#queue.push(...entry.messages.map((_, index) => this.#incoming(entry, index, redeliveryCount)));
        this.#look();
      });
    });
  }

  #incoming(entry: Entry, index: number, redeliveryCount: number): IncomingMessage {
    const { value, key, properties = {}, eventTimeMs, sequenceId } = entry.messages[index] as Entry['messages'][number];
    return {
      messageId: this.#topic.idOf(entry, index),
      topic: this.#topic.name,
      value: value && Buffer.from(value),
      properties,
      publishTimeMs: entry.publishTimeMs,
      producerName: entry.producerName,
      sequenceId,
      entryHighestSequenceId: entry.messages.at(-1)?.sequenceId ?? -1,
      redeliveryCount,
      ...(key !== undefined && { key }),
      ...(eventTimeMs !== undefined && { eventTimeMs }),
    };
  }

  async receiveBatch(options: ReceiveOptions): Promise<IncomingMessage[]> {
    const fault = await this.#session.process.step('consumer.receiveBatch');
    this.#requireOpen();
    if (fault?.kind === 'lost' || fault?.kind === 'unstored' || fault?.kind === 'refused') this.#session.fail();
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage[]>();
    const waiting: Waiting = {
      options,
      isLingering: false,
      isOver: false,
      finish: () => this.#finish(waiting, resolve, reject),
    };
    this.#waiting = waiting;
    options.signal?.addEventListener('abort', waiting.finish, { once: true });
    this.#session.process.later(options.waitMs, () => {
      if (!waiting.isLingering) waiting.finish();
    });
    this.#look();
    return promise.finally(() => options.signal?.removeEventListener('abort', waiting.finish));
  }

  #finish(waiting: Waiting, resolve: (messages: IncomingMessage[]) => void, reject: (error: unknown) => void): void {
    if (waiting.isOver) return;
    waiting.isOver = true;
    this.#waiting = undefined;
    try {
      this.#requireOpen();
      if (waiting.options.signal?.aborted) throw new PulsarError('Aborted', 'receiving was aborted');
      resolve(this.#take(waiting.options));
    } catch (error) {
      reject(error);
    }
  }

  /** Looks whether what is waited for is there. */
  #look(): void {
    const waiting = this.#waiting;
    if (!waiting || this.#queue.length === 0) return;
    const { maxMessages, lingerMs } = waiting.options;
    if (this.#queue.length >= maxMessages || lingerMs === 0) waiting.finish();
    else if (!waiting.isLingering) {
      waiting.isLingering = true;
      this.#session.process.later(lingerMs, waiting.finish);
    }
  }

  #take({ maxMessages, maxBytes = Number.POSITIVE_INFINITY }: ReceiveOptions): IncomingMessage[] {
    let bytes = 0;
    let count = 0;
    for (const { value } of this.#queue.slice(0, maxMessages)) {
      bytes += value?.byteLength ?? 0;
      if (count > 0 && bytes > maxBytes) break;
      count += 1;
    }
    const taken = this.#queue.splice(0, count);
    const attached = this.#attached;
    if (attached && count > 0) {
      const { timeline } = this.#topic.context;
      timeline.at(this.#session.connection.lane.arrival(timeline.nowMs + 1), () => {
        attached.permits += count;
        this.#subscription?.dispatch();
      });
    }
    return taken;
  }

  async lastMessageId(signal?: AbortSignal): Promise<{ last: MessageIdParts; markDelete?: MessageIdParts }> {
    this.#requireOpen();
    const look = () => ({ last: this.#topic.lastMessageId(), markDelete: this.#markDelete() });
    return this.#session.request('consumer.lastMessageId', look, signal);
  }

  #markDelete(): MessageIdParts {
    const entry = this.#topic.log[this.#subscription?.markDelete ?? -1];
    const place = entry ?? { ledgerId: this.#topic.firstLedgerId, entryId: -1 };
    return { ledgerId: place.ledgerId, entryId: place.entryId, partition: this.#topic.partition, batchIndex: -1 };
  }

  async ackCumulative(id: MessageIdParts, { wait = false }: { wait?: boolean | undefined } = {}): Promise<void> {
    this.#requireOpen();
    const isWhole = id.batchIndex < 0 || (id.batchSize !== undefined && id.batchIndex === id.batchSize - 1);
    const entryId = isWhole ? id.entryId : id.entryId - 1;
    if (entryId < 0) return;
    const ack = () => this.#subscription?.ackThrough(this.#topic.indexAt(id.ledgerId, entryId));
    await this.#acknowledge('consumer.ackCumulative', ack, wait);
  }

  async ackIndividual(
    ids: readonly MessageIdParts[],
    { wait = false }: { wait?: boolean | undefined } = {},
  ): Promise<void> {
    this.#requireOpen();
    const whole = ids
      .filter((id) => this.#isWhole(id))
      .map(({ ledgerId, entryId }) => this.#topic.indexAt(ledgerId, entryId));
    if (whole.length === 0) return;
    const ack = () => {
      for (const index of whole) this.#subscription?.ack(index);
    };
    await this.#acknowledge('consumer.ackIndividual', ack, wait);
  }

  /** Whether with this message all of its entry are acknowledged. */
  #isWhole(id: MessageIdParts): boolean {
    if (id.batchSize === undefined) return true;
    const acked = this.#partly.get(keyOf(id)) ?? new Set<number>();
    this.#partly.set(keyOf(id), acked.add(id.batchIndex));
    return acked.size === id.batchSize;
  }

  async #acknowledge(port: string, ack: () => void, wait: boolean): Promise<void> {
    const sent = this.#session.request(port, ack);
    if (wait) await sent;
    else void sent.catch(() => undefined);
  }

  redeliver(ids: readonly MessageIdParts[]): void {
    this.#requireOpen();
    const { subscriptionType } = this.#options;
    if (subscriptionType === 'Exclusive' || subscriptionType === 'Failover') {
      this.#rewind();
      return;
    }
    const wanted = new Set(ids.map(keyOf));
    const before = this.#queue.length;
    this.#queue = this.#queue.filter(({ messageId }) => !wanted.has(keyOf(messageId)));
    const dropped = before - this.#queue.length;
    const indexes = [...new Map(ids.map((id) => [keyOf(id), this.#topic.indexAt(id.ledgerId, id.entryId)])).values()];
    const again = () => {
      const attached = this.#attached;
      if (!attached) return;
      attached.permits += dropped;
      this.#subscription?.redeliver(attached, indexes);
    };
    void this.#session.request('consumer.redeliver', again).catch(() => undefined);
  }

  /** The client subscribes anew: what it had queued is dropped. */
  #rewind(): void {
    this.#queue = [];
    const again = async () => {
      this.#detach();
      await this.#attach();
    };
    void this.#session.request('consumer.redeliver', again).catch(() => this.#session.fail());
  }

  #requireOpen(): void {
    this.#session.requireOpen();
    if (this.#isClosed) throw new PulsarError('AlreadyClosed', 'the consumer was closed');
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting?.finish();
    await this.#session.request('consumer.close', () => this.#detach()).catch(() => undefined);
  }

  async unsubscribe(): Promise<void> {
    this.#requireOpen();
    await this.#session.request('consumer.unsubscribe', () => {
      this.#detach();
      this.#topic.subscriptions.delete(this.#options.subscription);
    });
    this.#isClosed = true;
  }
}
