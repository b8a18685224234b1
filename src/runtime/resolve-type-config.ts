import type { Connector } from '../core/connector.ts';
import type { ConnectorType } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import { resolveConfig } from '../core/type-config.ts';

/** The connector's `configs` as its type takes them: coerced, defaults filled in. Throws `PIO_CONFIG_INVALID` naming every problem. */
export const resolveTypeConfig = (type: ConnectorType, connector: Connector): never => {
  const { config, problems } = resolveConfig(type.config, connector.config.configs);
  if (problems.length === 0) return config as never;
  const list = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new PulsarIoError('PIO_CONFIG_INVALID', `configuration of ${type.name} is not valid: ${list}`);
};
