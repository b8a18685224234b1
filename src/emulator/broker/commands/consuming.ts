import type { CommandFields } from '../../../pulsar/protocol/commands.ts';
import { InitialPosition, KeySharedMode, ServerError, SubscriptionType } from '../../../pulsar/protocol/enums.ts';
import { ProtocolError } from '../../../pulsar/protocol/protocol-error.ts';
import type { ConnectedConsumer, Connection } from '../connection.ts';
import { Consumer } from '../dispatch/consumer.ts';
import { BrokerError, notAllowed } from '../errors.ts';
import { type EntryKey, keyOf, LATEST } from '../state/entry-key.ts';
import type { Subscription } from '../subscription.ts';
import type { Topic } from '../topic.ts';
import { parseTopicName } from '../topic-name.ts';
import { transactionOf } from '../transaction-id.ts';
import type { CommandHandlers } from './index.ts';
import { toRecord } from './key-values.ts';
import { checkConsumerSchema } from './schemas.ts';

/** Consumers: subscribing, flow, acknowledgements, redelivery (PULSAR-WIRE 3.6 to 3.8). */
export const consumingCommands: CommandHandlers = {
  async SUBSCRIBE(connection, fields) {
    const { consumerId, requestId } = fields;
    if (connection.consumers.has(consumerId)) return connection.send('SUCCESS', { requestId });
    if (connection.pendingConsumers.has(consumerId)) {
      throw new BrokerError(ServerError.ServiceNotReady, 'Consumer is already present on the connection');
    }
    connection.pendingConsumers.add(consumerId);
    try {
      const topic = connection.broker.topics.open(parseTopicName(fields.topic), fields.forceTopicCreation ?? true);
      if (fields.schema) checkConsumerSchema(connection.broker, topic, fields.schema);
      const subscription = subscriptionFor(connection, fields, topic);
      const consumer = consumerOf(connection, fields, topic);
      await topic.addConsumer(subscription, consumer);
      if (!connection.pendingConsumers.has(consumerId)) return topic.removeConsumer(subscription, consumer);
      connection.consumers.set(consumerId, { consumer, subscription, topic });
      connection.send('SUCCESS', { requestId });
    } finally {
      connection.pendingConsumers.delete(consumerId);
    }
  },

  FLOW(connection, { consumerId, messagePermits }) {
    const connected = connection.consumers.get(consumerId);
    if (messagePermits === 0) throw new ProtocolError('FLOW of 0 permits');
    connected?.subscription.flow(connected.consumer, messagePermits);
  },

  ACK(connection, fields) {
    const connected = connection.consumers.get(fields.consumerId);
    if (!connected) return;
    const { consumerId, requestId, ackType, messageId, txnidMostBits, txnidLeastBits } = fields;
    const transaction = transactionOf(fields);
    const refusal =
      transaction === undefined
        ? connected.subscription.acknowledge(connected.consumer, ackType, messageId)
        : acknowledgeIn(transaction, connection, connected, fields);
    const failure = refusal && { error: refusal.serverError, message: refusal.message };
    if (requestId === undefined) return;
    connection.send('ACK_RESPONSE', { consumerId, requestId, txnidMostBits, txnidLeastBits, ...failure });
  },

  REDELIVER_UNACKNOWLEDGED_MESSAGES(connection, { consumerId, messageIds, consumerEpoch }) {
    const connected = connection.consumers.get(consumerId);
    connected?.subscription.redeliver(connected.consumer, messageIds, consumerEpoch);
  },

  CLOSE_CONSUMER(connection, { consumerId, requestId }) {
    connection.pendingConsumers.delete(consumerId);
    const connected = connection.consumers.get(consumerId);
    connection.consumers.delete(consumerId);
    connected?.topic.removeConsumer(connected.subscription, connected.consumer);
    connection.send('SUCCESS', { requestId });
  },
};

/** Acknowledges in a transaction, durably before it is answered; gives the refusal, if any. */
function acknowledgeIn(
  transaction: number,
  { broker }: Connection,
  { topic, subscription, consumer }: ConnectedConsumer,
  { ackType, messageId }: CommandFields<'ACK'>,
): BrokerError | undefined {
  if (!topic.transactions.isOpen(transaction)) {
    return new BrokerError(ServerError.TransactionNotFound, `The transaction (0,${transaction}) was not found`);
  }
  try {
    const acks = subscription.acknowledgeIn(transaction, consumer, ackType, messageId);
    broker.db.transaction(() => {
      for (const ack of acks)
        broker.transactionStore.addAck(topic.topicId, { subscription: subscription.name, transaction, ack });
    });
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}

/** The subscription that exists, or a new one at the position that SUBSCRIBE asks for. */
function subscriptionFor(connection: Connection, fields: CommandFields<'SUBSCRIBE'>, topic: Topic): Subscription {
  const { subscription: name, durable: isDurable = true } = fields;
  if (name === 'pulsar.dedup' || name.startsWith('pulsar.repl')) {
    throw new BrokerError(ServerError.ProducerBusy, `Subscription with reserved subscription name ${name} attempted`);
  }
  if (
    fields.readCompacted &&
    (fields.subType === SubscriptionType.Shared || fields.subType === SubscriptionType.KeyShared)
  ) {
    throw notAllowed('readCompacted only allowed on failover or exclusive subscriptions');
  }
  const present = topic.subscriptions.get(name);
  if (present && present.isDurable !== isDurable) {
    throw notAllowed(
      `Subscription with the same name but ${present.isDurable ? 'durable' : 'non-durable'} exists: ${name}`,
    );
  }
  if (present) return present;
  const cursor = {
    name,
    markDelete: startOf(fields, topic, isDurable, connection.broker.settings.now()),
    acked: [],
    properties: toRecord(fields.subscriptionProperties),
  };
  const { db, topicStore } = connection.broker;
  if (isDurable) db.transaction(() => topicStore.saveCursor(topic.topicId, cursor));
  return topic.addSubscription(cursor, isDurable);
}

function startOf(fields: CommandFields<'SUBSCRIBE'>, topic: Topic, isDurable: boolean, nowMs: number): EntryKey {
  const { startMessageId, startMessageRollbackDurationSec: rollbackSec = 0 } = fields;
  const { index } = topic.log;
  if (rollbackSec > 0) return index.previous(topic.log.firstPublishedSince(nowMs - rollbackSec * 1000));
  const start = isDurable || !startMessageId ? LATEST : keyOf(startMessageId.ledgerId, startMessageId.entryId);
  if (start === LATEST || start > index.tail)
    return topic.startPosition(fields.initialPosition === InitialPosition.Earliest);
  return index.previous(index.ceil(start));
}

function consumerOf(connection: Connection, fields: CommandFields<'SUBSCRIBE'>, topic: Topic): Consumer {
  const { keySharedMeta } = fields;
  const isSticky =
    fields.subType === SubscriptionType.KeyShared && keySharedMeta?.keySharedMode === KeySharedMode.STICKY;
  return new Consumer({
    peer: connection,
    consumerId: fields.consumerId,
    name: fields.consumerName || `consumer-${connection.broker.newProducerName()}`,
    type: fields.subType,
    priorityLevel: fields.priorityLevel ?? 0,
    partition: topic.name.partition,
    properties: toRecord(fields.metadata),
    ranges: isSticky ? keySharedMeta.hashRanges : undefined,
    mayReorder: keySharedMeta?.allowOutOfOrderDelivery ?? false,
    connectedAtMs: connection.broker.settings.now(),
    epoch: fields.consumerEpoch,
  });
}
