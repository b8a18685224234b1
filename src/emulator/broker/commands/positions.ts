import { ServerError, type SubscriptionType } from '../../../pulsar/protocol/enums.ts';
import type { Broker } from '../broker.ts';
import type { ConnectedConsumer, Connection } from '../connection.ts';
import { BrokerError } from '../errors.ts';
import { flushCursors } from '../maintenance.ts';
import { type EntryKey, entryIdOf, keyOf, ledgerIdOf } from '../state/entry-key.ts';
import type { Subscription } from '../subscription.ts';
import type { Topic } from '../topic.ts';
import type { CommandHandlers } from './index.ts';

const TYPE_NAMES = ['Exclusive', 'Shared', 'Failover', 'Key_Shared'];

/** Name of a subscription type as the admin REST writes it. */
export function typeName(type: SubscriptionType): string {
  return TYPE_NAMES[type] ?? 'None';
}

/** Closes the subscription's consumers, moves its cursor so that `key` comes next, and stores that at once (PULSAR-WIRE 3.9). */
export function seek(
  broker: Broker,
  topic: Topic,
  subscription: Subscription,
  key: EntryKey,
  ackSet?: readonly bigint[],
): void {
  broker.commits.flush();
  topic.closeConsumers(subscription);
  subscription.seek(key, ackSet);
  broker.db.transaction(() => flushCursors(broker.topicStore, topic));
}

/** Deletes a subscription; its consumers are closed. */
export function deleteSubscription(broker: Broker, topic: Topic, subscription: Subscription): void {
  topic.closeConsumers(subscription);
  subscription.stop();
  topic.subscriptions.delete(subscription.name);
  broker.topicStore.deleteCursor(topic.topicId, subscription.name);
}

/** Seek, last message id, unsubscribe, consumer statistics. */
export const positionCommands: CommandHandlers = {
  SEEK(connection, { consumerId, requestId, messageId, messagePublishTime }) {
    const { topic, subscription } = connected(connection, consumerId);
    const key = messageId
      ? keyOf(messageId.ledgerId, messageId.entryId)
      : topic.log.firstPublishedSince(messagePublishTime ?? 0);
    seek(connection.broker, topic, subscription, key, messageId?.ackSet);
    connection.send('SUCCESS', { requestId });
  },

  GET_LAST_MESSAGE_ID(connection, { consumerId, requestId }) {
    const { topic, subscription } = connected(connection, consumerId);
    const last = topic.lastVisibleEntry;
    const { partition } = topic.name;
    const { markDelete } = subscription.cursor;
    connection.send('GET_LAST_MESSAGE_ID_RESPONSE', {
      requestId,
      lastMessageId: {
        ledgerId: last ? ledgerIdOf(last.key) : -1,
        entryId: last ? entryIdOf(last.key) : -1,
        partition,
        batchIndex: last?.isBatch ? last.messages - 1 : -1,
      },
      consumerMarkDeletePosition: { ledgerId: ledgerIdOf(markDelete), entryId: entryIdOf(markDelete), partition },
    });
  },

  UNSUBSCRIBE(connection, { consumerId, requestId, force }) {
    const { topic, subscription, consumer } = connected(connection, consumerId);
    if (!force && subscription.consumers.some((other) => other !== consumer)) {
      throw new BrokerError(ServerError.MetadataError, 'Unconnected or shared consumer attempting to unsubscribe');
    }
    connection.consumers.delete(consumerId);
    subscription.remove(consumer);
    deleteSubscription(connection.broker, topic, subscription);
    connection.send('SUCCESS', { requestId });
  },

  CONSUMER_STATS(connection, { consumerId, requestId }) {
    const { subscription, consumer } = connected(connection, consumerId);
    connection.send('CONSUMER_STATS_RESPONSE', {
      requestId,
      consumerName: consumer.name,
      availablePermits: consumer.permits,
      unackedMessages: consumer.unackedMessages,
      blockedConsumerOnUnackedMsgs: consumer.isBlockedOnUnacked,
      address: connection.address,
      connectedSince: new Date(consumer.options.connectedAtMs).toISOString(),
      type: typeName(consumer.options.type),
      msgBacklog: subscription.cursor.backlog,
    });
  },
};

function connected(connection: Connection, consumerId: number): ConnectedConsumer {
  const found = connection.consumers.get(consumerId);
  if (!found) throw new BrokerError(ServerError.MetadataError, 'Consumer not found');
  return found;
}
