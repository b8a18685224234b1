import { kindRulesOf } from '../config/kind-rules.ts';
import { typeOf } from '../config/package-choice.ts';
import { maskConfigs, maskSecrets } from '../config/secret-mask.ts';
import { json } from '../http/answers.ts';
import { findConnector } from '../lifecycle/find-connector.ts';
import type { Operation } from '../operation.ts';

/** GET `/{tenant}/{namespace}/{name}` (PULSAR-ADMIN-CONTRACT 2.6); sensitive values are masked (DESIGN 10, difference 6). */
export const get: Operation = async (call) => {
  const { connector } = await findConnector(call);
  const { config } = connector;
  const schema = typeOf(call.deps.catalogue, call.words, connector.type)?.config;
  const shown = {
    ...config,
    configs: maskConfigs(schema, config.configs) as Record<string, unknown>,
    ...(config.secrets && { secrets: maskSecrets(config.secrets) }),
  };
  return json(kindRulesOf(call.words.kind).project(shown));
};
