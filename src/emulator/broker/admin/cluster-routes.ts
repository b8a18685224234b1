import { isNamedEntity } from '../../../core/topic-name.ts';
import { CLUSTER_NAME } from '../broker.ts';
import { brokerUrl } from '../commands/lookup.ts';
import { SERVER_VERSION } from '../commands/session.ts';
import { AdminError } from '../errors.ts';
import type { TenantInfo } from '../storage/cluster-store.ts';
import { parseTopicName } from '../topic-name.ts';
import { type AdminRequest, type Route, raw } from './router.ts';

function httpUrl({ broker, hostName }: AdminRequest): string {
  return `http://${broker.addresses.advertisedHost ?? hostName}:${broker.addresses.httpPort}`;
}

function lookup(request: AdminRequest): object {
  const { t, n, topic } = request.params;
  const name = parseTopicName(`${t}/${n}/${topic}`);
  if (!request.broker.cluster.policies(name.namespace)) throw new AdminError(404, 'Namespace not found');
  const url = brokerUrl(request.broker.addresses, request.hostName);
  return { brokerUrl: url, httpUrl: httpUrl(request), nativeUrl: url, brokerUrlSsl: '' };
}

function existingTenant({ broker, params }: AdminRequest): TenantInfo {
  const info = broker.cluster.tenant(params.t as string);
  if (!info) throw new AdminError(404, 'Tenant does not exist');
  return info;
}

function saveTenant({ broker, params, body }: AdminRequest): void {
  const given = (body ?? {}) as Partial<TenantInfo>;
  const info = { adminRoles: given.adminRoles ?? [], allowedClusters: given.allowedClusters ?? [CLUSTER_NAME] };
  broker.cluster.saveTenant(params.t as string, info);
}

/** Clusters, brokers, tenants and lookup. */
export const clusterRoutes: readonly Route[] = [
  ['GET', '/admin/v2/clusters', () => [CLUSTER_NAME]],
  [
    'GET',
    '/admin/v2/clusters/:c',
    (request) => {
      if (request.params.c !== CLUSTER_NAME) throw new AdminError(404, 'Cluster does not exist');
      const url = brokerUrl(request.broker.addresses, request.hostName);
      return { serviceUrl: httpUrl(request), brokerServiceUrl: url, brokerClientTlsEnabled: false };
    },
  ],
  ['GET', '/admin/v2/brokers/health', () => raw('ok')],
  ['GET', '/admin/v2/brokers/ready', () => raw('ok')],
  ['GET', '/admin/v2/brokers/version', () => raw(SERVER_VERSION.split(' ').at(-1) as string)],
  ['GET', '/admin/v2/brokers/:c', (request) => [httpUrl(request).slice('http://'.length)]],
  ['GET', '/admin/v2/tenants', ({ broker }) => broker.cluster.tenants()],
  ['GET', '/admin/v2/tenants/:t', existingTenant],
  [
    'PUT',
    '/admin/v2/tenants/:t',
    (request) => {
      if (!isNamedEntity(request.params.t as string)) throw new AdminError(412, 'Tenant name is not valid');
      if (request.broker.cluster.tenant(request.params.t as string)) throw new AdminError(409, 'Tenant already exists');
      saveTenant(request);
    },
  ],
  [
    'POST',
    '/admin/v2/tenants/:t',
    (request) => {
      existingTenant(request);
      saveTenant(request);
    },
  ],
  [
    'DELETE',
    '/admin/v2/tenants/:t',
    (request) => {
      existingTenant(request);
      const { cluster } = request.broker;
      const tenant = request.params.t as string;
      if (cluster.namespaces(tenant).length > 0) throw new AdminError(409, 'The tenant still has active namespaces');
      cluster.deleteTenant(tenant);
    },
  ],
  ['GET', '/lookup/v2/topic/persistent/:t/:n/:topic', lookup],
];
