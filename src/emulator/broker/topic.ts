import type { CommandFields } from '../../pulsar/protocol/commands.ts';
import { ServerError, SubscriptionType } from '../../pulsar/protocol/enums.ts';
import type { MessageMetadata } from '../../pulsar/protocol/messages.ts';
import { parsePayload } from '../../pulsar/protocol/payload.ts';
import type { Consumer } from './dispatch/consumer.ts';
import { dedupInputOf, factsOf } from './entry-facts.ts';
import { BrokerError, notAllowed } from './errors.ts';
import type { BrokerSettings } from './options.ts';
import type { Producer } from './producer.ts';
import { type AccessRequest, ProducerAccess } from './producer-access.ts';
import type { Dedup, DedupInput } from './state/dedup.ts';
import { EARLIEST, type EntryKey, entryIdOf, ledgerIdOf } from './state/entry-key.ts';
import type { CommitQueue } from './storage/commit-queue.ts';
import type { Entry } from './storage/entry.ts';
import type { EntryLog } from './storage/entry-log.ts';
import type { StoredCursor, StoredTopic, TopicPolicies } from './storage/topic-store.ts';
import { Subscription } from './subscription.ts';
import type { TopicName } from './topic-name.ts';
import type { TopicTransactions } from './topic-transactions.ts';
import { transactionOf } from './transaction-id.ts';

/** Entries after which the deduplication snapshot is taken (brokerDeduplicationEntriesInterval). */
export const DEDUP_SNAPSHOT_ENTRIES = 1000;

/** A loaded topic: its log, producers, subscriptions and deduplication memory. */
export class Topic {
  readonly name: TopicName;
  readonly topicId: number;
  readonly log: EntryLog;
  readonly dedup: Dedup;
  readonly transactions: TopicTransactions;
  readonly producers = new Map<string, Producer>();
  readonly subscriptions = new Map<string, Subscription>();
  policies: TopicPolicies;
  isTerminated: boolean;
  /** Entries stored since the last deduplication snapshot. */
  entriesSinceSnapshot = 0;
  readonly access = new ProducerAccess();
  receivedMessages = 0;
  receivedBytes = 0;
  readonly #commits: CommitQueue;
  readonly #settings: BrokerSettings;

  constructor(
    name: TopicName,
    stored: StoredTopic,
    log: EntryLog,
    dedup: Dedup,
    transactions: TopicTransactions,
    commits: CommitQueue,
    settings: BrokerSettings,
  ) {
    this.name = name;
    this.topicId = stored.topicId;
    this.policies = stored.policies;
    this.isTerminated = stored.isTerminated;
    this.log = log;
    this.dedup = dedup;
    this.transactions = transactions;
    this.#commits = commits;
    this.#settings = settings;
  }

  /** The last entry that may be delivered: neither from an open transaction on, nor of an aborted one. */
  get lastVisibleEntry(): Entry | undefined {
    const { lastVisible } = this.log.index;
    return lastVisible === undefined ? undefined : this.log.readOne(lastVisible);
  }

  /** Whether anything was published, or anybody is attached. */
  get isUsed(): boolean {
    const isConsumed = [...this.subscriptions.values()].some(({ consumers }) => [...consumers].length > 0);
    return !this.log.index.isEmpty || this.producers.size > 0 || isConsumed;
  }

  /**
   * Connects a producer. A name in use goes to the newcomer when it is the same producer with a larger epoch, or when the holder's connection
   * does not answer a PING in time (T2). Waits for exclusive access, if that is asked for. Throws `BrokerError` ProducerBusy or ProducerFenced.
   */
  async addProducer(producer: Producer, request: AccessRequest): Promise<void> {
    const holder = this.producers.get(producer.name);
    if (holder && isReplacedBy(holder, producer)) this.removeProducer(holder);
    else if (holder) await holder.peer.probe();
    if (!producer.peer.isOpen) throw new BrokerError(ServerError.UnknownError, 'the connection was closed');
    if (this.producers.has(producer.name)) {
      throw new BrokerError(
        ServerError.ProducerBusy,
        `Producer with name '${producer.name}' is already connected to topic '${this.name.fullName}'`,
      );
    }
    const queued = this.access.admit(
      producer,
      request,
      () => [...this.producers.values()],
      (fenced) => this.#fence(fenced),
    );
    if (queued !== undefined) await queued;
    this.producers.set(producer.name, producer);
    this.dedup.producerConnected(producer.name);
  }

  removeProducer(producer: Producer): void {
    if (this.producers.get(producer.name) !== producer) return;
    this.producers.delete(producer.name);
    this.dedup.producerDisconnected(producer.name, this.#settings.now());
    if (this.producers.size === 0) this.access.released();
  }

  /** Takes a producer off without a word, as a broker does: its next SEND ends its connection. */
  #fence(producer: Producer): void {
    this.producers.delete(producer.name);
    this.dedup.producerDisconnected(producer.name, this.#settings.now());
    producer.peer.forgetProducer(producer.producerId);
  }

  /** Handles a SEND: answers SEND_ERROR at once, or SEND_RECEIPT after the commit (at once for a duplicate). Throws `ProtocolError` on malformed bytes. */
  publish(producer: Producer, send: CommandFields<'SEND'>, data: Buffer): void {
    const parsed = parsePayload(data);
    const problem = parsed.checksumOk
      ? (this.#transactionProblem(send, parsed.metadata) ??
        this.#problemOf(send, parsed.metadataSize + parsed.payload.length))
      : checksumError();
    if (problem) sendError(producer, send, problem);
    if (problem || !parsed.checksumOk) return;
    const input = dedupInputOf(producer.name, send, parsed.metadata);
    const verdict = this.dedup.check(input);
    if (verdict === 'duplicate') sendReceipt(producer, send, undefined);
    if (verdict === 'unknown') sendError(producer, send, cannotDetermine());
    if (verdict !== 'publish') return;
    const entry = { key: this.log.assign(), ...factsOf(parsed.metadata), data, transaction: transactionOf(send) };
    this.#commits.append(this, entry, (error) => this.#appended(producer, send, entry, input, error));
  }

  /** A subscription that is loaded, or made now. */
  addSubscription(stored: StoredCursor, isDurable: boolean): Subscription {
    const { failoverDelayMs, now } = this.#settings;
    const { log, name } = this;
    const subscription = new Subscription({
      ...stored,
      isDurable,
      log,
      partition: name.partition,
      failoverDelayMs,
      now,
    });
    this.subscriptions.set(stored.name, subscription);
    return subscription;
  }

  /**
   * Connects a consumer. The holder of an Exclusive subscription is PINGed first, and replaced when it does not answer in time (T5). Throws
   * `BrokerError` ConsumerBusy or ConsumerAssignError.
   */
  async addConsumer(subscription: Subscription, consumer: Consumer): Promise<void> {
    const [holder] = subscription.consumers;
    subscription.checkType(consumer.options.type);
    if (holder && consumer.options.type === SubscriptionType.Exclusive) await holder.options.peer.probe();
    if (!consumer.options.peer.isOpen) throw new BrokerError(ServerError.UnknownError, 'the connection was closed');
    if (!this.subscriptions.has(subscription.name)) this.subscriptions.set(subscription.name, subscription);
    subscription.add(consumer);
  }

  /** Disconnects a consumer; a non-durable subscription goes with its last one. */
  removeConsumer(subscription: Subscription, consumer: Consumer): void {
    subscription.remove(consumer);
    if (subscription.isDurable || subscription.consumers.length > 0) return;
    subscription.stop();
    if (this.subscriptions.get(subscription.name) === subscription) this.subscriptions.delete(subscription.name);
  }

  /** Mark-delete position of a new subscription: before everything, or after the last committed entry. */
  startPosition(isEarliest: boolean): EntryKey {
    return isEarliest ? this.log.index.previous(EARLIEST) : this.log.index.lastConfirmed;
  }

  groupCommitted(): void {
    if (this.log.shouldRollOver(this.#settings.now())) this.log.rollOver(this.#settings.now());
    this.wake();
  }

  /** Lets every subscription deliver what it can. */
  wake(): void {
    for (const subscription of this.subscriptions.values()) subscription.wake();
  }

  /** A transaction was ended in the store: its entries show or are skipped, its acknowledgements take effect or are void. */
  transactionEnded(transaction: number, isCommitted: boolean): void {
    this.transactions.ended(transaction);
    for (const subscription of this.subscriptions.values()) {
      subscription.cursor.skipAborted();
      subscription.transactionEnded(transaction, isCommitted);
    }
  }

  /** Closes every producer and consumer from the broker's side; the clients come back by themselves. */
  disconnectAll(): void {
    for (const producer of [...this.producers.values()]) this.closeProducer(producer);
    for (const subscription of this.subscriptions.values()) this.closeConsumers(subscription);
  }

  closeProducer(producer: Producer): void {
    this.removeProducer(producer);
    producer.peer.dropProducer(producer.producerId);
  }

  closeConsumers(subscription: Subscription): void {
    for (const consumer of [...subscription.consumers]) {
      subscription.remove(consumer);
      subscription.emptySinceMs = subscription.isDurable ? undefined : this.#settings.now();
      consumer.options.peer.dropConsumer(consumer.options.consumerId);
    }
  }

  /** Stops timers and dispatch loops. */
  stop(): void {
    for (const subscription of this.subscriptions.values()) subscription.stop();
  }

  /**
   * A broker hides an open transaction's entry by what SEND says, and an aborted one's by what the entry itself says. One that is not marked would be
   * read although its transaction was aborted: where a broker stores it without a word, this one refuses it.
   */
  #transactionProblem(send: CommandFields<'SEND'>, metadata: MessageMetadata): BrokerError | undefined {
    const transaction = transactionOf(send);
    if (transaction !== transactionOf(metadata)) return notAllowed('SEND and its message name different transactions');
    if (transaction === undefined || this.transactions.isOpen(transaction)) return undefined;
    return notAllowed(`The transaction (0,${transaction}) has ended, or never was`);
  }

  /** Chunks are not measured: C++ clients make them slightly too large, and a broker lets them pass (AbstractTopic.isExceedMaximumMessageSize). */
  #problemOf(send: CommandFields<'SEND'>, bytes: number): BrokerError | undefined {
    if (this.isTerminated) return new BrokerError(ServerError.TopicTerminatedError, 'Topic is already terminated');
    if (send.messageId !== undefined) return notAllowed('Only shadow topics take messages with an id');
    if ((send.highestSequenceId ?? 0) > 0 && send.sequenceId > (send.highestSequenceId ?? 0)) {
      return new BrokerError(ServerError.MetadataError, 'Invalid lowest or highest sequence id');
    }
    if (send.isChunk) return undefined;
    return bytes > this.#settings.maxMessageBytes ? notAllowed('Exceed maximum message size') : undefined;
  }

  #appended(
    producer: Producer,
    send: CommandFields<'SEND'>,
    entry: Entry,
    input: DedupInput,
    error: Error | undefined,
  ): void {
    if (error) {
      this.dedup.storageFailed();
      this.#settings.log(`storing in ${this.name.fullName} failed: ${error.message}`);
      sendError(producer, send, new BrokerError(ServerError.PersistenceError, 'Storing the message failed'));
      if (this.producers.get(producer.name) === producer) this.closeProducer(producer);
      return;
    }
    this.dedup.persisted(input);
    if (entry.transaction !== undefined) this.transactions.appended(entry.transaction, entry.key);
    this.entriesSinceSnapshot++;
    const messages = send.numMessages ?? 1;
    producer.sentMessages += messages;
    producer.sentBytes += entry.data.length;
    this.receivedMessages += messages;
    this.receivedBytes += entry.data.length;
    sendReceipt(producer, send, entry.key);
  }
}

function isReplacedBy(holder: Producer, { peer, producerId, epoch }: Producer): boolean {
  return holder.peer === peer && holder.producerId === producerId && epoch > holder.epoch;
}

function sendReceipt({ peer }: Producer, send: CommandFields<'SEND'>, key: EntryKey | undefined): void {
  const { producerId, sequenceId, highestSequenceId } = send;
  const messageId =
    key === undefined ? { ledgerId: -1, entryId: -1 } : { ledgerId: ledgerIdOf(key), entryId: entryIdOf(key) };
  peer.send('SEND_RECEIPT', { producerId, sequenceId, messageId, highestSequenceId });
}

function sendError({ peer }: Producer, send: CommandFields<'SEND'>, { serverError, message }: BrokerError): void {
  const sequenceId = Math.max(send.sequenceId, send.highestSequenceId ?? 0);
  peer.send('SEND_ERROR', { producerId: send.producerId, sequenceId, error: serverError, message });
}

function cannotDetermine(): BrokerError {
  return new BrokerError(
    ServerError.PersistenceError,
    'Cannot determine whether the message is a duplicate at this time',
  );
}

function checksumError(): BrokerError {
  return new BrokerError(ServerError.ChecksumError, 'Checksum failed on the broker');
}
