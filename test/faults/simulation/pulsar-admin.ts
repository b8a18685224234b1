import { PulsarIoError } from '../../../src/core/errors.ts';
import type {
  CursorTarget,
  PeekedMessage,
  PulsarAdmin,
  SubscriptionStats,
  TopicStats,
} from '../../../src/core/pulsar-admin.ts';
import { readTopicName } from '../../../src/core/topic-name.ts';
import type { Broker } from './broker/broker.ts';
import type { Topic } from './broker/topic.ts';
import type { Process } from './process.ts';

const NAMESPACE = 'public/default';

const fullName = (topic: string): string => readTopicName(topic)?.fullName ?? topic;

const unavailable = (): Error => new PulsarIoError('PIO_PULSAR_UNAVAILABLE', 'the simulated broker does not answer');

/** The admin API of a simulated broker, as a process sees it. */
export const adminFor = (broker: Broker, process: Process): PulsarAdmin => {
  const ask = <T>(port: string, signal: AbortSignal | undefined, effect: () => T): Promise<T> =>
    process.request({ port: `admin.${port}`, signal, effect, failure: unavailable });
  const each = (topic: string) => broker.concrete(fullName(topic));
  return {
    namespaces: (_, signal) => ask('namespaces', signal, () => [NAMESPACE]),
    tenantAdmins: (_, signal) => ask('tenantAdmins', signal, () => []),
    permissions: (_, signal) => ask('permissions', signal, () => ({})),
    topics: (_, signal) => ask('topics', signal, () => [...broker.topics.keys()]),
    partitions: (topic, signal) => ask('partitions', signal, () => broker.partitions(fullName(topic))),
    topicStats: (topic, signal) =>
      ask('topicStats', signal, () => {
        const isPartitioned = broker.partitions(fullName(topic)) > 0;
        const partitions = new Map(each(topic).map((one, number) => [number, statsOf([one])]));
        return { ...statsOf(each(topic)), ...(isPartitioned && { partitions }) };
      }),
    subscriptions: (topic, signal) =>
      ask('subscriptions', signal, () => [...new Set(each(topic).flatMap((one) => [...one.subscriptions.keys()]))]),
    createSubscription: (topic, name, position, properties, signal) =>
      ask('createSubscription', signal, () => {
        const isNew = each(topic).some(({ subscriptions }) => !subscriptions.has(name));
        for (const one of each(topic)) one.subscription(name, position, properties);
        return isNew;
      }),
    deleteSubscription: (topic, name, _, signal) =>
      ask('deleteSubscription', signal, () => each(topic).some(({ subscriptions }) => subscriptions.delete(name))),
    resetCursor: (topic, name, to, signal) =>
      ask('resetCursor', signal, () =>
        each(topic)
          .map((one) => reset(one, name, to))
          .includes(true),
      ),
    peek: (topic, name, nth, signal) => ask('peek', signal, () => peeked(broker.topic(fullName(topic)), name, nth)),
    lastEntry: (topic, signal) => ask('lastEntry', signal, () => lastOf(broker.topic(fullName(topic)))),
    skip: (topic, name, count, signal) =>
      ask('skip', signal, () => {
        const subscription = broker.topic(fullName(topic)).subscriptions.get(name);
        const waiting = subscription?.waiting ?? [];
        for (const index of count === 'all' ? waiting : waiting.slice(0, count)) subscription?.ack(index);
      }),
    deduplication: (_, signal) => ask('deduplication', signal, () => 'enabled' as const),
  };
};

const reset = (topic: Topic, name: string, to: CursorTarget): boolean => {
  const subscription = topic.subscriptions.get(name);
  subscription?.reset(markDeleteAt(topic, to));
  return subscription !== undefined;
};

const markDeleteAt = (topic: Topic, to: CursorTarget): number => {
  if (to === 'earliest') return topic.firstKept - 1;
  if (to === 'latest') return topic.log.length - 1;
  if ('ledgerId' in to) return topic.indexAt(to.ledgerId, to.entryId - 1);
  return topic.log.findLastIndex(({ publishTimeMs }) => publishTimeMs < to.publishTimeMs);
};

const peeked = (topic: Topic, name: string, nth: number): PeekedMessage | undefined => {
  const entry = topic.log[topic.subscriptions.get(name)?.waiting[nth - 1] ?? -1];
  const [message] = entry?.messages ?? [];
  if (!entry || !message) return undefined;
  const { ledgerId, entryId } = entry;
  const payload = Buffer.from(message.value ?? '');
  return { messageId: { ledgerId, entryId }, properties: message.properties ?? {}, payload };
};

const lastOf = ({ log }: Topic): { ledgerId: number; entryId: number } => {
  const { ledgerId, entryId } = log.at(-1) ?? { ledgerId: -1, entryId: -1 };
  return { ledgerId, entryId };
};

const statsOf = (topics: readonly Topic[]): TopicStats => {
  const subscriptions: Record<string, SubscriptionStats> = {};
  for (const subscription of topics.flatMap((topic) => [...topic.subscriptions.values()])) {
    const { name, backlog, consumers, type = 'None', properties } = subscription;
    const before = subscriptions[name];
    subscriptions[name] = {
      msgBacklog: backlog + (before?.msgBacklog ?? 0),
      consumers: consumers + (before?.consumers ?? 0),
      type: type === 'KeyShared' ? 'Key_Shared' : type,
      properties,
    };
  }
  return { subscriptions };
};
