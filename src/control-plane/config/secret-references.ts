import type { CommonConfig } from '../../core/connector.ts';
import type { ConnectorType, Problem } from '../../core/connector-type.ts';
import { readSecretReference, type SecretReference } from '../../core/secret-reference.ts';
import { secretKeys } from '../../core/type-config.ts';
import type { Caller } from '../access/authorize.ts';

/** Environment variables that connectors may name begin so: the others hold the deployment's own settings and credentials. */
const ENV_PREFIX = 'SECRET_';

/**
 * What is wrong with a connector's `secrets`. Pulsar stores any object, so one of another shape is a problem only where the type's key of that name needs it. Runs read them with the deployment's rights, so with authorization on everybody but a super user may only name what lies below
 * the tenant's own path: `<secretsPath>/<tenant>/…`.
 */
export const secretProblems = (
  type: ConnectorType,
  { secrets = {}, tenant }: CommonConfig,
  secretsPath: string,
  caller: Caller | undefined,
): Problem[] =>
  Object.entries(secrets).flatMap(([name, value]) => {
    if (typeof value === 'string' || value === null) return [];
    const reference = readSecretReference(value);
    const isNeeded = secretKeys(type.config).includes(name);
    const message = reference ? problemOf(reference, tenant, secretsPath, caller) : isNeeded && FORMS;
    return message ? [{ path: `/secrets/${name}`, message }] : [];
  });

const FORMS = 'must be a text, {"env": "NAME"}, {"ssm": "/path"} or {"secretsManager": "name", "key": "field"}';

const problemOf = (
  { source, name }: SecretReference,
  tenant: string,
  secretsPath: string,
  caller: Caller | undefined,
): string | undefined => {
  if (source === 'env')
    return name.startsWith(ENV_PREFIX) ? undefined : `must name a variable that begins with ${ENV_PREFIX}`;
  if (!caller || caller.roles.every((role) => caller.superUserRoles.includes(role))) return undefined;
  const own = `${secretsPath}/${tenant}/`;
  const path = source === 'ssm' ? name : `/${name.replace(/^\//, '')}`;
  return path.startsWith(own) && !path.includes('/../') ? undefined : `must lie below ${own}`;
};
