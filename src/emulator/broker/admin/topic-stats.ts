import { ProducerAccessMode } from '../../../pulsar/protocol/enums.ts';
import { typeName } from '../commands/positions.ts';
import type { Consumer } from '../dispatch/consumer.ts';
import type { Producer } from '../producer.ts';
import { formatKey } from '../state/entry-key.ts';
import type { Subscription } from '../subscription.ts';
import type { Topic } from '../topic.ts';

/** Rates are not measured: always 0. */
const NO_RATES = { msgRateIn: 0, msgThroughputIn: 0, msgRateOut: 0, msgThroughputOut: 0 };

/** The statistics of a topic, under the names of the admin REST; `isOldestAsked`: with the time of the oldest message of each backlog. */
export function topicStats(topic: Topic, isOldestAsked = false) {
  const { index } = topic.log;
  const storageSize = index.ledgers.reduce((sum, { bytes }) => sum + bytes, 0);
  const subscriptions = [...topic.subscriptions.values()];
  const consumers = subscriptions.flatMap((subscription) => subscription.consumers);
  const backlogs = subscriptions.map(({ cursor }) => cursor.backlog);
  return {
    ...NO_RATES,
    bytesInCounter: topic.receivedBytes,
    msgInCounter: topic.receivedMessages,
    bytesOutCounter: sum(consumers.map(({ deliveredBytes }) => deliveredBytes)),
    msgOutCounter: sum(consumers.map(({ deliveredMessages }) => deliveredMessages)),
    averageMsgSize: topic.receivedMessages === 0 ? 0 : topic.receivedBytes / topic.receivedMessages,
    storageSize,
    backlogSize: Math.max(...backlogs, 0) === 0 ? 0 : storageSize,
    publishers: [...topic.producers.values()].map(publisherStats),
    waitingPublishers: 0,
    subscriptions: Object.fromEntries(
      subscriptions.map((subscription) => [subscription.name, subscriptionStats(topic, subscription, isOldestAsked)]),
    ),
    replication: {},
    deduplicationStatus: topic.dedup.status,
    topicEpoch: topic.access.epoch,
    ownerBroker: 'embedded',
  };
}

/** What `internalStats` shows: ledgers and cursors. */
export function internalStats(topic: Topic): object {
  const { index } = topic.log;
  return {
    entriesAddedCounter: topic.receivedMessages,
    numberOfEntries: sum(index.ledgers.map(({ entries }) => entries)),
    totalSize: sum(index.ledgers.map(({ bytes }) => bytes)),
    currentLedgerEntries: index.open.entries,
    currentLedgerSize: index.open.bytes,
    lastLedgerCreatedTimestamp: isoTime(index.open.createdAtMs),
    waitingCursorsCount: 0,
    pendingAddEntriesCount: 0,
    lastConfirmedEntry: formatKey(index.lastConfirmed),
    state: topic.isTerminated ? 'Terminated' : 'LedgerOpened',
    ledgers: index.ledgers.map(({ ledgerId, entries, bytes }) => ({
      ledgerId,
      entries,
      size: bytes,
      offloaded: false,
      underReplicated: false,
    })),
    cursors: Object.fromEntries(
      [...topic.subscriptions.values()].map((subscription) => [subscription.name, cursorStats(topic, subscription)]),
    ),
    schemaLedgers: [],
    compactedLedger: { ledgerId: -1, entries: -1, size: -1, offloaded: false, underReplicated: false },
  };
}

function publisherStats({
  accessMode,
  producerId,
  name,
  peer,
  connectedAtMs,
  properties,
  sentMessages,
}: Producer): object {
  return {
    accessMode: accessMode === ProducerAccessMode.Shared ? 'Shared' : 'Exclusive',
    producerId,
    producerName: name,
    address: peer.address,
    connectedSince: isoTime(connectedAtMs),
    clientVersion: peer.clientVersion,
    msgRateIn: 0,
    msgThroughputIn: 0,
    averageMsgSize: 0,
    metadata: properties,
    msgInCounter: sentMessages,
  };
}

function subscriptionStats(topic: Topic, subscription: Subscription, isOldestAsked: boolean): object {
  const { cursor, dispatcher, consumers } = subscription;
  return {
    msgRateOut: 0,
    msgThroughputOut: 0,
    msgRateRedeliver: 0,
    msgBacklog: cursor.backlog,
    earliestMsgPublishTimeInBacklog: isOldestAsked ? oldestPublishTimeOf(topic, subscription) : 0,
    msgBacklogNoDelayed: cursor.backlog - (dispatcher?.delayedCount ?? 0),
    msgDelayed: dispatcher?.delayedCount ?? 0,
    unackedMessages: sum(consumers.map(({ unackedMessages }) => unackedMessages)),
    blockedSubscriptionOnUnackedMsgs: false,
    type: dispatcher && consumers.length > 0 ? typeName(dispatcher.type) : '',
    activeConsumerName: dispatcher?.active?.name,
    lastAckedTimestamp: subscription.lastAckedAtMs,
    consumers: consumers.map(consumerStats),
    isDurable: subscription.isDurable,
    isReplicated: false,
    subscriptionProperties: subscription.properties,
  };
}

/** Of the first entry that is not acknowledged; 0: none. */
function oldestPublishTimeOf({ log }: Topic, { cursor }: Subscription): number {
  if (cursor.backlog === 0) return 0;
  return log.readOne(cursor.nextUnacked(cursor.markDelete + 1))?.publishTimeMs ?? 0;
}

function consumerStats(consumer: Consumer): object {
  const { peer, connectedAtMs, properties } = consumer.options;
  return {
    msgRateOut: 0,
    msgThroughputOut: 0,
    msgOutCounter: consumer.deliveredMessages,
    bytesOutCounter: consumer.deliveredBytes,
    consumerName: consumer.name,
    availablePermits: consumer.permits,
    unackedMessages: consumer.unackedMessages,
    blockedConsumerOnUnackedMsgs: consumer.isBlockedOnUnacked,
    address: peer.address,
    connectedSince: isoTime(connectedAtMs),
    clientVersion: peer.clientVersion,
    metadata: properties,
  };
}

function cursorStats(topic: Topic, { cursor, dispatcher, consumers, properties }: Subscription): object {
  return {
    markDeletePosition: formatKey(cursor.markDelete),
    readPosition: formatKey(dispatcher?.readPosition ?? topic.log.index.next(cursor.markDelete)),
    waitingReadOp: false,
    pendingReadOps: 0,
    messagesConsumedCounter: topic.log.index.count(-1, topic.log.index.lastConfirmed) - cursor.backlog,
    individuallyDeletedMessages: cursor.formatAcked(),
    totalNonContiguousDeletedMessagesRange: cursor.rangeCount,
    numberOfEntriesSinceFirstNotAckedMessage:
      topic.log.index.count(cursor.markDelete, topic.log.index.lastConfirmed) + 1,
    state: 'Open',
    active: consumers.length > 0,
    properties: {},
    cursorProperties: properties,
  };
}

/** Sums the counters of several topics' statistics, as partitioned-stats does. */
export function sumStats(all: readonly ReturnType<typeof topicStats>[]): object {
  const subscriptions: Record<string, { msgBacklog: number; unackedMessages: number; consumers: object[] }> = {};
  for (const [name, one] of all.flatMap((stats) => Object.entries(stats.subscriptions))) {
    const { msgBacklog, unackedMessages, consumers } = one as {
      msgBacklog: number;
      unackedMessages: number;
      consumers: object[];
    };
    const total = subscriptions[name];
    if (!total) subscriptions[name] = { ...one, msgBacklog, unackedMessages, consumers: [...consumers] };
    else {
      total.msgBacklog += msgBacklog;
      total.unackedMessages += unackedMessages;
      total.consumers.push(...consumers);
    }
  }
  return {
    ...NO_RATES,
    bytesInCounter: sum(all.map(({ bytesInCounter }) => bytesInCounter)),
    msgInCounter: sum(all.map(({ msgInCounter }) => msgInCounter)),
    bytesOutCounter: sum(all.map(({ bytesOutCounter }) => bytesOutCounter)),
    msgOutCounter: sum(all.map(({ msgOutCounter }) => msgOutCounter)),
    storageSize: sum(all.map(({ storageSize }) => storageSize)),
    publishers: all.flatMap(({ publishers }) => publishers),
    subscriptions,
    replication: {},
    deduplicationStatus: all[0]?.deduplicationStatus,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
