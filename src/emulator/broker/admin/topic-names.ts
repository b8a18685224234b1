import { partitionTopicName } from '../../../core/topic-name.ts';
import { AdminError } from '../errors.ts';
import { EARLIEST, type EntryKey, entryIdOf, keyOf, LATEST, ledgerIdOf } from '../state/entry-key.ts';
import type { Subscription } from '../subscription.ts';
import type { Topic } from '../topic.ts';
import { parseTopicName, type TopicName } from '../topic-name.ts';
import { existingPolicies } from './namespace-routes.ts';
import type { AdminRequest } from './router.ts';

/** The topic name of a path. Throws `AdminError` 404 when its namespace does not exist. */
export function topicNameOf(request: AdminRequest): TopicName {
  existingPolicies(request);
  const { t, n, topic } = request.params;
  return parseTopicName(`persistent://${t}/${n}/${topic}`);
}

/** The topic of a path, loaded. Throws `AdminError` 404. */
export function topicOf(request: AdminRequest): Topic {
  return requireTopic(request, topicNameOf(request));
}

function requireTopic({ broker }: AdminRequest, name: TopicName): Topic {
  const topic = broker.topics.find(name);
  if (!topic) throw new AdminError(404, `Topic ${name.fullName} not found`);
  return topic;
}

/** The topic of a path, or all partitions when it is a partitioned topic. Throws `AdminError` 404. */
export function topicsOf(request: AdminRequest): Topic[] {
  const name = topicNameOf(request);
  const partitions = name.partition < 0 ? request.broker.topics.partitions(name) : 0;
  if (partitions === 0) return [requireTopic(request, name)];
  return Array.from({ length: partitions }, (_, i) =>
    request.broker.topics.open(parseTopicName(partitionTopicName(name.fullName, i)), true),
  );
}

/** The subscription of a path in a topic. Throws `AdminError` 404. */
export function subscriptionOf({ params }: AdminRequest, topic: Topic): Subscription {
  const subscription = topic.subscriptions.get(params.s as string);
  if (!subscription) throw new AdminError(404, `Subscription ${params.s} not found for topic ${topic.name.fullName}`);
  return subscription;
}

/** A message id as REST bodies carry it: an object, or "earliest" or "latest"; absent = latest. */
export function keyOfBody(body: unknown): EntryKey {
  if (body === 'earliest') return EARLIEST;
  if (typeof body !== 'object' || body === null) return LATEST;
  const { ledgerId, entryId, messageId } = body as { ledgerId?: number; entryId?: number; messageId?: unknown };
  if (messageId !== undefined) return keyOfBody(messageId);
  return ledgerId === undefined || entryId === undefined ? LATEST : keyOf(ledgerId, entryId);
}

/** A position as REST replies carry it. */
export function idOf(topic: Topic, key: EntryKey): object {
  return {
    ledgerId: ledgerIdOf(key),
    entryId: entryIdOf(key),
    partitionIndex: topic.name.partition,
    batchSize: 0,
    batchIndex: -1,
  };
}
