import type { MessagingProducer, OutgoingMessage, ProducerOptions, Receipt } from '../../../../src/core/messaging.ts';
import { PulsarError } from '../../../../src/pulsar/errors.ts';
import type { Fault } from '../fault.ts';
import { MAX_MESSAGE_BYTES } from './broker.ts';
import type { SimulatedSession } from './session.ts';
import { LIVENESS_MS, type NewEntry, type Topic } from './topic.ts';

/** Registers a producer and gives the client's end of it. */
export const openProducer = async (session: SimulatedSession, options: ProducerOptions): Promise<MessagingProducer> => {
  const topic = session.broker.topic(options.topic);
  const register = () => registered(session, topic, options);
  const { name, lastSequenceId } = await session.request('session.producer', register, options.signal);
  return new SimulatedProducer(session, topic, name, lastSequenceId);
};

/** The broker's side: a name is held while its holder lives, or answers pings (T2). */
const registered = async (
  { connection, broker }: SimulatedSession,
  topic: Topic,
  { producerName, initialSubscriptionName }: ProducerOptions,
): Promise<{ name: string; lastSequenceId: number }> => {
  const name = producerName ?? broker.newName();
  const holder = topic.producers.get(name);
  if (holder) {
    if (!holder.answersPing) await topic.context.timeline.delay(LIVENESS_MS);
    if (!holder.answersPing) holder.closeByBroker();
    if (topic.producers.has(name)) throw new PulsarError('ProducerBusy', `producer ${name} is already connected`);
    connection.requireOpen();
  }
  if (initialSubscriptionName) topic.subscription(initialSubscriptionName, 'Earliest');
  topic.producers.set(name, connection);
  connection.onClosed(() => {
    if (topic.producers.get(name) === connection) topic.producers.delete(name);
  });
  return { name, lastSequenceId: topic.lastSequenceId(name) };
};

const bytesOf = ({ value, key = '', properties = {} }: OutgoingMessage): number =>
  (value?.byteLength ?? 0) + key.length + JSON.stringify(properties).length;

/** An entry is never on its way to storage for as long as a tail scan waits for it. */
const STORED_SOONER = 4;

class SimulatedProducer implements MessagingProducer {
  readonly name: string;
  readonly lastSequenceId: number;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly #session: SimulatedSession;
  readonly #topic: Topic;
  readonly #pending = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(session: SimulatedSession, topic: Topic, name: string, lastSequenceId: number) {
    this.#session = session;
    this.#topic = topic;
    this.name = name;
    this.lastSequenceId = lastSequenceId;
  }

  async sendEntry(messages: readonly OutgoingMessage[]): Promise<Receipt> {
    this.#session.requireOpen();
    if (this.#isClosed) throw new PulsarError('AlreadyClosed', `producer ${this.name} was closed`);
    requireEntry(messages);
    const publishTimeMs = this.#session.process.clock.nowMs();
    const entry: NewEntry = { producerName: this.name, publishTimeMs, messages: [...messages] };
    const sending = this.#send(entry);
    this.#pending.add(sending);
    return sending.finally(() => this.#pending.delete(sending));
  }

  async #send(entry: NewEntry): Promise<Receipt> {
    try {
      return await this.#session.request('producer.sendEntry', (fault) => this.#publish(entry, fault));
    } catch (error) {
      // A refusal of one of several on the way may have left a gap.
      if (this.#pending.size > 1) this.#session.fail();
      throw error;
    }
  }

  async #publish(entry: NewEntry, fault: Fault | undefined): Promise<Receipt> {
    const [lowestSequenceId, highestSequenceId] = [
      entry.messages[0]?.sequenceId ?? -1,
      entry.messages.at(-1)?.sequenceId ?? -1,
    ];
    if (fault?.kind === 'lost' || fault?.kind === 'unstored') {
      this.#leaveOnItsWay(entry, fault);
      return { messageId: null, lowestSequenceId, highestSequenceId };
    }
    const stored = await this.#topic.publish(entry);
    const messageId = stored
      ? { ledgerId: stored.ledgerId, entryId: stored.entryId, partition: this.#topic.partition, batchIndex: -1 }
      : null;
    return { messageId, lowestSequenceId, highestSequenceId };
  }

  /** The broker has taken it, but neither stored nor answered it when the connection breaks (T7). */
  #leaveOnItsWay(entry: NewEntry, { kind, ms }: Fault): void {
    const { timeline } = this.#topic.context;
    void this.#topic.publish(entry, kind === 'lost' ? ms / STORED_SOONER : 10 * ms).catch(() => undefined);
    if (kind === 'unstored') timeline.after(ms, () => this.#session.broker.failStorageOf(this.#topic));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#pending);
    await this.#session
      .request('producer.close', () => {
        this.#topic.producers.delete(this.name);
      })
      .catch(() => undefined);
  }
}

const requireEntry = (messages: readonly OutgoingMessage[]): void => {
  const isRising = messages.every(({ sequenceId }, index) => sequenceId > (messages[index - 1]?.sequenceId ?? -1));
  if (messages.length === 0 || !isRising) throw new PulsarError('InvalidMessage', 'no entry');
  if (messages.reduce((sum, message) => sum + bytesOf(message), 0) > MAX_MESSAGE_BYTES)
    throw new PulsarError('MessageTooBig', 'the entry is too large');
};
