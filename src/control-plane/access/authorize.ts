import type { ConnectorKind } from '../../core/connector.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { PulsarAdmin } from '../../core/pulsar-admin.ts';

/** Who may do what; the names are those of Pulsar's broker configuration. */
export interface RoleSettings {
  readonly superUserRoles: readonly string[];
  readonly proxyRoles: readonly string[];
}

/** What a route asks of its caller: nothing, a right on the namespace's connectors, or to be a super user. */
export type Access = 'anyone' | 'namespace' | 'superuser';

/** A request as far as rights are concerned. */
export interface AccessRequest {
  readonly access: Access;
  readonly kind: ConnectorKind;
  /** Of the path; empty where the path names none. */
  readonly tenant: string;
  readonly namespace: string;
  readonly role: string;
  /** Header `X-Original-Principal`: for whom a proxy asks. */
  readonly originalPrincipal: string | undefined;
}

/** Who asks, after authorization: every role of these must hold whatever right an operation still looks for. */
export interface Caller {
  readonly roles: readonly string[];
  readonly superUserRoles: readonly string[];
}

/**
 * Lets a caller pass, as Pulsar's `AuthorizationService` and `ComponentImpl.isAuthorizedRole` do: super users, the tenant's admin roles, and roles that the namespace
 * grants `sources` or `sinks`; with a proxy, both it and the one it asks for. Throws `PIO_UNAUTHORIZED`, and what `pulsar` throws.
 */
export const authorize = async (
  request: AccessRequest,
  settings: RoleSettings,
  pulsar: PulsarAdmin | undefined,
  signal: AbortSignal,
): Promise<Caller> => {
  const roles = principals(request, settings);
  const refusal = request.access === 'superuser' ? 'This operation requires super-user access' : REFUSAL;
  if (!roles) throw new PulsarIoError('PIO_UNAUTHORIZED', refusal);
  for (const role of roles) {
    if (!(await mayPass(role, request, settings, pulsar, signal))) throw new PulsarIoError('PIO_UNAUTHORIZED', refusal);
  }
  return { roles, superUserRoles: settings.superUserRoles };
};

const REFUSAL = 'Client is not authorized to perform operation';

/** Everyone who must pass; undefined for a proxy that names nobody, and for somebody else who names another. */
const principals = ({ role, originalPrincipal }: AccessRequest, { proxyRoles }: RoleSettings) => {
  const original = originalPrincipal || undefined;
  if (!proxyRoles.includes(role)) return original === undefined || original === role ? [role] : undefined;
  return original !== undefined && !proxyRoles.includes(original) ? [role, original] : undefined;
};

const mayPass = async (
  role: string,
  { access, kind, tenant, namespace }: AccessRequest,
  { superUserRoles }: RoleSettings,
  pulsar: PulsarAdmin | undefined,
  signal: AbortSignal,
): Promise<boolean> => {
  if (access === 'anyone' || superUserRoles.includes(role)) return true;
  if (access === 'superuser' || !pulsar) return false;
  if ((await pulsar.tenantAdmins(tenant, signal)).includes(role)) return true;
  const granted = await pulsar.permissions(`${tenant}/${namespace}`, signal);
  return Object.hasOwn(granted, role) && (granted[role]?.includes(`${kind}s`) ?? false);
};
