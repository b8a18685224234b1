import type { CursorTarget, PeekedMessage, PulsarAdmin } from '../../core/pulsar-admin.ts';
import { deduplicationOf } from './deduplication.ts';
import { type AdminHttpAnswer, type AdminHttpOptions, adminHttp } from './http.ts';
import { namespacePath, topicPath } from './topic-path.ts';
import { readPartitionedStats, readTopicStats } from './topic-stats.ts';

export type { AdminHttpOptions } from './http.ts';

/** Message ids of the ends of a topic, as JSON text: Java's largest long is no JavaScript number. */
const POSITIONS = {
  Earliest: '"ledgerId":-1,"entryId":-1,"partitionIndex":-1',
  Latest: '"ledgerId":9223372036854775807,"entryId":9223372036854775807,"partitionIndex":-1',
} as const;

const STATS_OPTIONS = 'getPreciseBacklog=false&subscriptionBacklogSize=false';

/** Pulsar's `/admin/v2`, as far as we need it, over `fetch`. */
export const createPulsarAdmin = (options: AdminHttpOptions): PulsarAdmin => {
  const http = adminHttp(options);
  return {
    namespaces: async (tenant, signal) => {
      const path = `namespaces/${encodeURIComponent(tenant)}`;
      const { status, value } = await http({ path, expected: [404], signal });
      return status === 404 ? undefined : textsOf(value);
    },

    tenantAdmins: async (tenant, signal) => {
      const { value } = await http({ path: `tenants/${encodeURIComponent(tenant)}`, expected: [404], signal });
      return textsOf(fieldsOf(value).adminRoles);
    },

    permissions: async (place, signal) => {
      const path = place.includes('://') ? topicPath(place) : `namespaces/${namespacePath(place)}`;
      const { value } = await http({ path: `${path}/permissions`, expected: [404], signal });
      return Object.fromEntries(Object.entries(fieldsOf(value)).map(([role, actions]) => [role, textsOf(actions)]));
    },

    topics: async (namespace, signal) => {
      const { value } = await http({ path: `persistent/${namespacePath(namespace)}`, expected: [404], signal });
      return textsOf(value);
    },

    partitions: async (topic, signal) => {
      const { value } = await http({ path: `${topicPath(topic)}/partitions`, expected: [404], signal });
      const { partitions } = fieldsOf(value);
      return typeof partitions === 'number' ? partitions : 0;
    },

    topicStats: async (topic, signal, isOldestAsked = false) => {
      const path = topicPath(topic);
      const options = `${STATS_OPTIONS}${isOldestAsked ? '&getEarliestTimeInBacklog=true' : ''}`;
      const plain = await http({ path: `${path}/stats?${options}`, expected: [404], signal });
      if (plain.status !== 404) return readTopicStats(plain.value);
      const all = `${path}/partitioned-stats?perPartition=true&${options}`;
      const { status, value } = await http({ path: all, expected: [404], signal });
      return status === 404 ? undefined : readPartitionedStats(value);
    },

    subscriptions: async (topic, signal) => {
      const { value } = await http({ path: `${topicPath(topic)}/subscriptions`, expected: [404], signal });
      return textsOf(value);
    },

    createSubscription: async (topic, subscription, position, properties = {}, signal) => {
      const path = `${topicPath(topic)}/subscription/${encodeURIComponent(subscription)}`;
      const body = `{${POSITIONS[position]},"properties":${JSON.stringify(properties)}}`;
      const { status } = await http({ method: 'PUT', path, body, expected: [409], signal });
      return status !== 409;
    },

    deleteSubscription: async (topic, subscription, { force = false } = {}, signal) => {
      const path = `${topicPath(topic)}/subscription/${encodeURIComponent(subscription)}?force=${force}`;
      const { status } = await http({ method: 'DELETE', path, expected: [404], signal });
      return status !== 404;
    },

    resetCursor: async (topic, subscription, to, signal) => {
      const path = `${subscriptionPath(topic, subscription)}/resetcursor`;
      const { status } = await http({ method: 'POST', ...resetRequest(path, to), expected: [404], signal });
      return status !== 404;
    },

    peek: async (topic, subscription, nth, signal) => {
      const path = `${subscriptionPath(topic, subscription)}/position/${nth}`;
      const answer = await http({ path, expected: [404], signal });
      return answer.status === 404 ? undefined : peekedOf(answer);
    },

    lastEntry: async (topic, signal) => {
      const { status, value } = await http({ path: `${topicPath(topic)}/lastMessageId`, expected: [404], signal });
      if (status === 404 || typeof value !== 'object' || value === null) return undefined;
      return { ledgerId: Number(Reflect.get(value, 'ledgerId')), entryId: Number(Reflect.get(value, 'entryId')) };
    },

    skip: async (topic, subscription, count, signal) => {
      const what = count === 'all' ? 'skip_all' : `skip/${count}`;
      await http({ method: 'POST', path: `${subscriptionPath(topic, subscription)}/${what}`, expected: [404], signal });
    },

    deduplication: (topic, signal) => deduplicationOf(http, topic, signal),
  };
};

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

const subscriptionPath = (topic: string, subscription: string): string =>
  `${topicPath(topic)}/subscription/${encodeURIComponent(subscription)}`;

const resetRequest = (path: string, to: CursorTarget): { path: string; body?: string } => {
  if (to === 'earliest') return { path, body: `{${POSITIONS.Earliest}}` };
  if (to === 'latest') return { path, body: `{${POSITIONS.Latest}}` };
  if ('publishTimeMs' in to) return { path: `${path}/${to.publishTimeMs}` };
  return { path, body: JSON.stringify({ ...to, partitionIndex: -1 }) };
};

/** Payload in the body, all else in headers; properties as JSON, with what is no ASCII lost on the way. */
const peekedOf = ({ bytes, headers }: AdminHttpAnswer): PeekedMessage => {
  const [ledgerId = -1, entryId = -1] = (headers.get('X-Pulsar-Message-ID') ?? '').split(':').map(Number);
  const properties: unknown = JSON.parse(headers.get('X-Pulsar-PROPERTY') ?? '{}');
  return { messageId: { ledgerId, entryId }, properties: properties as Record<string, string>, payload: bytes };
};
