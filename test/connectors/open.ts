import type { ConnectorType, OpenContext } from '../../src/core/connector-type.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import { resolveConfig } from '../../src/core/type-config.ts';

/** A context for `open`. */
export const context = (more: Partial<OpenContext> = {}): OpenContext => ({
  connector: 'public/default/test',
  uid: 'uid-1',
  instance: 0,
  parallelism: 1,
  guarantee: 'ATLEAST_ONCE',
  createdAtMs: 0,
  positionOf: async () => undefined,
  signal: new AbortController().signal,
  fetch,
  getSecret: async () => undefined,
  ...more,
});

/** `configs` validated and with defaults, as the control plane does; throws when there is a problem. */
export const configOf = (type: ConnectorType, configs: Record<string, unknown>): never => {
  const { config, problems } = resolveConfig(type.config, configs);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return config as never;
};

/** Paths of all problems of `configs`: of the schema, else of the cross-field rules. */
export const problemsOf = (
  type: ConnectorType,
  configs: Record<string, unknown>,
  guarantee: Guarantee = 'ATLEAST_ONCE',
): string[] => {
  const { config, problems } = resolveConfig(type.config, configs);
  const all = problems.length > 0 ? problems : (type.check?.(config as never, guarantee) ?? []);
  return all.map(({ path }) => path);
};
