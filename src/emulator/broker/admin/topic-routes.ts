import { AdminError } from '../errors.ts';
import type { TopicPolicies } from '../storage/topic-store.ts';
import { existingPolicies, namespaceOf } from './namespace-routes.ts';
import type { AdminRequest, Route } from './router.ts';
import { idOf, topicNameOf, topicOf, topicsOf } from './topic-names.ts';
import { internalStats, sumStats, topicStats } from './topic-stats.ts';

const topic = '/admin/v2/persistent/:t/:n/:topic';

function createTopic(request: AdminRequest): void {
  const name = topicNameOf(request);
  const { topics } = request.broker;
  if (topics.exists(name) || topics.partitions(name) > 0) throw new AdminError(409, 'This topic already exists');
  topics.create(name);
}

/** A bare number, or `{"partitions":n,"properties":{}}`. */
function partitionsOfBody(body: unknown): { partitions: number; properties: Record<string, string> } {
  const given =
    typeof body === 'object' && body !== null
      ? (body as { partitions?: unknown; properties?: Record<string, string> })
      : { partitions: body };
  const partitions = Number(given.partitions);
  if (!Number.isInteger(partitions) || partitions <= 0)
    throw new AdminError(406, 'Number of partitions should be more than 0');
  return { partitions, properties: ('properties' in given && given.properties) || {} };
}

function createPartitioned(request: AdminRequest): void {
  const name = topicNameOf(request);
  const { topics } = request.broker;
  const { partitions, properties } = partitionsOfBody(request.body);
  if (name.partition >= 0) throw new AdminError(412, 'Partitioned Topic Name should not contain -partition-');
  if (topics.exists(name) || topics.partitions(name) > 0) throw new AdminError(409, 'This topic already exists');
  topics.createPartitioned(name, partitions, properties);
}

function growPartitioned(request: AdminRequest): void {
  const name = topicNameOf(request);
  const present = request.broker.cluster.partitionedTopic(name.fullName);
  const { partitions } = partitionsOfBody(request.body);
  if (!present) throw new AdminError(404, 'Topic is not partitioned topic');
  if (partitions < present.partitions) throw new AdminError(409, 'Number of new partitions must be more than existing');
  request.broker.topics.createPartitioned(name, partitions, present.properties);
}

function deletePartitioned(request: AdminRequest): void {
  const name = topicNameOf(request);
  const { topics, cluster, schemas } = request.broker;
  if (!cluster.partitionedTopic(name.fullName)) throw new AdminError(404, 'Partitioned Topic not found');
  for (const { name: partition } of topicsOf(request)) topics.delete(partition, request.query.get('force') === 'true');
  cluster.deletePartitionedTopic(name.fullName);
  schemas.delete(name.fullName);
}

const isOldestAsked = ({ query }: AdminRequest): boolean => query.get('getEarliestTimeInBacklog') === 'true';

function partitionedStats(request: AdminRequest): object {
  const name = topicNameOf(request);
  const metadata = request.broker.cluster.partitionedTopic(name.fullName);
  if (!metadata) throw new AdminError(404, 'Partitioned Topic not found');
  const all = topicsOf(request).map((one) => [one.name.fullName, topicStats(one, isOldestAsked(request))] as const);
  const partitions = request.query.get('perPartition') === 'false' ? {} : Object.fromEntries(all);
  return { ...sumStats(all.map(([, stats]) => stats)), metadata: { ...metadata, deleted: false }, partitions };
}

function setPolicies(request: AdminRequest, change: (policies: TopicPolicies) => TopicPolicies): void {
  for (const one of topicsOf(request)) {
    one.policies = change(one.policies);
    request.broker.topicStore.setPolicies(one.topicId, one.policies);
  }
  request.broker.topics.applyDedupPolicies();
}

function terminate(request: AdminRequest): object {
  const one = topicOf(request);
  request.broker.commits.flush();
  one.isTerminated = true;
  request.broker.topicStore.setTerminated(one.topicId);
  return idOf(one, one.log.index.lastConfirmed);
}

/** Topics as a whole. */
export const topicRoutes: readonly Route[] = [
  [
    'GET',
    '/admin/v2/persistent/:t/:n',
    (request) => {
      existingPolicies(request);
      return request.broker.topics.list(namespaceOf(request));
    },
  ],
  [
    'GET',
    '/admin/v2/persistent/:t/:n/partitioned',
    (request) => {
      existingPolicies(request);
      return request.broker.cluster.partitionedTopics(namespaceOf(request));
    },
  ],
  ['GET', '/admin/v2/non-persistent/:t/:n', () => []],
  ['GET', '/admin/v2/non-persistent/:t/:n/partitioned', () => []],
  ['PUT', topic, createTopic],
  [
    'DELETE',
    topic,
    (request) => request.broker.topics.delete(topicNameOf(request), request.query.get('force') === 'true'),
  ],
  [
    'GET',
    `${topic}/partitions`,
    (request) => {
      const { partitions = 0, properties = {} } =
        request.broker.cluster.partitionedTopic(topicNameOf(request).fullName) ?? {};
      return { partitions, deleted: false, ...(Object.keys(properties).length > 0 && { properties }) };
    },
  ],
  ['PUT', `${topic}/partitions`, createPartitioned],
  ['POST', `${topic}/partitions`, growPartitioned],
  ['DELETE', `${topic}/partitions`, deletePartitioned],
  ['GET', `${topic}/stats`, (request) => topicStats(topicOf(request), isOldestAsked(request))],
  ['GET', `${topic}/partitioned-stats`, partitionedStats],
  ['GET', `${topic}/internalStats`, (request) => internalStats(topicOf(request))],
  [
    'GET',
    `${topic}/partitioned-internalStats`,
    (request) => {
      const all = topicsOf(request).map((one) => [one.name.fullName, internalStats(one)]);
      return { metadata: { partitions: all.length, deleted: false }, partitions: Object.fromEntries(all) };
    },
  ],
  [
    'GET',
    `${topic}/lastMessageId`,
    (request) => {
      const one = topicOf(request);
      return idOf(one, one.log.index.lastConfirmed);
    },
  ],
  [
    'GET',
    `${topic}/messageid/:timestamp`,
    (request) => {
      const one = topicOf(request);
      return idOf(one, one.log.firstPublishedSince(Number(request.params.timestamp)));
    },
  ],
  [
    'GET',
    `${topic}/deduplicationEnabled`,
    (request) => {
      const [one] = topicsOf(request);
      const applied = request.query.get('applied') === 'true' ? one?.dedup.isEnabled : undefined;
      return one?.policies.deduplicationEnabled ?? applied;
    },
  ],
  [
    'POST',
    `${topic}/deduplicationEnabled`,
    (request) => setPolicies(request, (policies) => ({ ...policies, deduplicationEnabled: request.body === true })),
  ],
  [
    'DELETE',
    `${topic}/deduplicationEnabled`,
    (request) => setPolicies(request, ({ deduplicationEnabled: _removed, ...rest }) => rest),
  ],
  [
    'PUT',
    `${topic}/unload`,
    (request) => {
      for (const one of topicsOf(request)) request.broker.topics.unload(one);
    },
  ],
  ['POST', `${topic}/terminate`, terminate],
];
