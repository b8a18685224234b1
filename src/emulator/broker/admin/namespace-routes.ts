import { isNamedEntity } from '../../../core/topic-name.ts';
import { CLUSTER_NAME } from '../broker.ts';
import { AdminError } from '../errors.ts';
import type { NamespacePolicies } from '../storage/cluster-store.ts';
import { parseTopicName } from '../topic-name.ts';
import type { AdminHandler, AdminRequest, Route } from './router.ts';

/** `tenant/namespace` of a path. */
export function namespaceOf({ params }: AdminRequest): string {
  return `${params.t}/${params.n}`;
}

/** Policies of the namespace of a path. Throws `AdminError` 404. */
export function existingPolicies(request: AdminRequest): NamespacePolicies {
  const policies = request.broker.cluster.policies(namespaceOf(request));
  if (!policies) throw new AdminError(404, 'Namespace does not exist');
  return policies;
}

function createNamespace(request: AdminRequest): void {
  const { broker, params, body } = request;
  if (!isNamedEntity(params.n as string)) throw new AdminError(412, 'Namespace name is not valid');
  if (!broker.cluster.tenant(params.t as string)) throw new AdminError(404, 'Tenant does not exist');
  if (broker.cluster.policies(namespaceOf(request))) throw new AdminError(409, 'Namespace already exists');
  const given = typeof body === 'object' ? (body as Partial<NamespacePolicies>) : {};
  broker.cluster.savePolicies(namespaceOf(request), {
    ...given,
    replication_clusters: given.replication_clusters ?? [CLUSTER_NAME],
  });
}

function deleteNamespace(request: AdminRequest): void {
  existingPolicies(request);
  const { broker, query } = request;
  const namespace = namespaceOf(request);
  const topics = broker.topics.list(namespace);
  if (topics.length > 0 && query.get('force') !== 'true')
    throw new AdminError(409, 'Cannot delete non empty namespace');
  for (const topic of topics) broker.topics.delete(parseTopicName(topic), true);
  for (const name of broker.cluster.partitionedTopics(namespace)) broker.cluster.deletePartitionedTopic(name);
  broker.cluster.deleteNamespace(namespace);
}

function changePolicies(
  change: (policies: NamespacePolicies, request: AdminRequest) => NamespacePolicies,
): AdminHandler {
  return (request) => {
    request.broker.cluster.savePolicies(namespaceOf(request), change(existingPolicies(request), request));
    request.broker.topics.applyDedupPolicies();
  };
}

/** GET, POST (PUT) and DELETE of one policy: `path` in the URL, `key` in the policies. */
function policyRoutes(path: string, key: keyof NamespacePolicies & string): readonly Route[] {
  const url = `/admin/v2/namespaces/:t/:n/${path}`;
  const set = changePolicies((policies, { body }) => ({ ...policies, [key]: body }));
  return [
    ['GET', url, (request) => existingPolicies(request)[key]],
    ['POST', url, set],
    ['PUT', url, set],
    ['DELETE', url, changePolicies(({ [key]: _removed, ...policies }) => policies as NamespacePolicies)],
  ];
}

const permissions = '/admin/v2/namespaces/:t/:n/permissions';

function grants(policies: NamespacePolicies): Readonly<Record<string, readonly string[]>> {
  return policies.auth_policies?.namespace_auth ?? {};
}

/** Namespaces and their policies. Only deduplication, retention, time to live and auto-creation have an effect; the others are kept. */
export const namespaceRoutes: readonly Route[] = [
  [
    'GET',
    '/admin/v2/namespaces/:t',
    ({ broker, params }) => {
      if (!broker.cluster.tenant(params.t as string)) throw new AdminError(404, 'Tenant does not exist');
      return broker.cluster.namespaces(params.t as string);
    },
  ],
  [
    'GET',
    '/admin/v2/namespaces/:t/:n',
    (request) => ({
      ...existingPolicies(request),
      bundles: { boundaries: ['0x00000000', '0xffffffff'], numBundles: 1 },
    }),
  ],
  ['PUT', '/admin/v2/namespaces/:t/:n', createNamespace],
  ['DELETE', '/admin/v2/namespaces/:t/:n', deleteNamespace],
  [
    'GET',
    '/admin/v2/namespaces/:t/:n/topics',
    (request) => {
      existingPolicies(request);
      return request.query.get('mode') === 'NON_PERSISTENT' ? [] : request.broker.topics.list(namespaceOf(request));
    },
  ],
  ...policyRoutes('deduplication', 'deduplicationEnabled'),
  ...policyRoutes('retention', 'retention_policies'),
  ...policyRoutes('messageTTL', 'message_ttl_in_seconds'),
  ...policyRoutes('autoTopicCreation', 'autoTopicCreationOverride'),
  ['GET', permissions, (request) => grants(existingPolicies(request))],
  [
    'POST',
    `${permissions}/:role`,
    changePolicies((policies, { params, body }) => ({
      ...policies,
      auth_policies: { namespace_auth: { ...grants(policies), [params.role as string]: body as string[] } },
    })),
  ],
  [
    'DELETE',
    `${permissions}/:role`,
    changePolicies((policies, { params }) => {
      const { [params.role as string]: _revoked, ...namespace_auth } = grants(policies);
      return { ...policies, auth_policies: { namespace_auth } };
    }),
  ],
];
