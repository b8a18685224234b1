import type { CommonConfig, SourceConfig } from '../../core/connector.ts';
import { type ConnectorType, recordSchemaOf } from '../../core/connector-type.ts';
import { anyTopicOf, declaredNamespace } from '../../core/destination.ts';
import { outputSchemaOf } from '../../core/source-schema.ts';
import { requireTopicRights } from '../access/topic-rights.ts';
import { type Call, nameOf } from '../operation.ts';
import type { CommonDraft } from './drafts.ts';
import { checkTopics, checkTypeConfig, refuseProblems } from './guarantee-rules.ts';
import { kindRulesOf } from './kind-rules.ts';
import { chooseType } from './package-choice.ts';
import { refuseConfig } from './refuse.ts';
import { checkRuntimeOptions } from './runtime-option-rules.ts';
import { checkTiming } from './schedule-rules.ts';
import { unmaskConfigs, unmaskSecrets } from './secret-mask.ts';
import { secretProblems } from './secret-references.ts';

/** Largest stored configuration, in bytes of JSON: what fits an item of the store with room to spare. */
const MAX_CONFIG_BYTES = 300 * 1024;

/** A configuration that can be stored: type found, defaults filled in, everything checked. */
export interface SettledConfig {
  readonly type: ConnectorType;
  readonly config: CommonConfig;
}

/**
 * Turns what was sent (for an update: merged over `stored`) into what is stored. Throws `PIO_CONFIG_INVALID`, `PIO_GUARANTEE_REFUSED`,
 * `PIO_DEDUPLICATION_OFF`. `missingPackage`: the text when `archive` names no builtin.
 */
export const settleConfig = async (
  call: Call,
  draft: CommonDraft,
  missingPackage: string,
  stored?: CommonConfig,
): Promise<SettledConfig> => {
  const { deps, words, caller, signal } = call;
  const rules = kindRulesOf(words.kind);
  const type = chooseType(deps.catalogue, words, draft, missingPackage);
  rules.validate(draft, type);
  const config = rules.complete(nameOf(call), unmask(call, type, draft, stored), type);
  checkSize(config);
  checkRuntimeOptions(words.kind, config);
  if (words.kind === 'source') outputSchemaOf(config as SourceConfig, recordSchemaOf(type));
  if (caller) await requireTopicRights(type, config as never, caller, deps.pulsar, signal);
  const wrongSecrets = secretProblems(type, config, deps.secretsPath ?? '', caller);
  if (wrongSecrets.length > 0) refuseProblems(words, wrongSecrets);
  checkTypeConfig(deps.catalogue, words, type, config);
  checkTiming(type, config, deps.clock.nowMs());
  const topics = [...rules.topics(config), ...declaredTopics(type, config)];
  await checkTopics(words, config.processingGuarantees, topics, deps.pulsar, signal);
  return { type, config };
};

const declaredTopics = (type: ConnectorType, config: CommonConfig): string[] => {
  const namespace = type.kind === 'source' ? declaredNamespace(type, config as SourceConfig) : undefined;
  return namespace === undefined ? [] : [anyTopicOf(namespace)];
};

const unmask = ({ words }: Call, type: ConnectorType, draft: CommonDraft, stored?: CommonConfig): CommonDraft => {
  const { configs, problems } = unmaskConfigs(type.config, draft.configs ?? {}, stored?.configs);
  const secret = unmaskSecrets(draft.secrets ?? {}, stored?.secrets);
  const all = [...problems, ...secret.problems];
  if (all.length > 0) refuseProblems(words, all);
  return {
    ...draft,
    ...(draft.configs && { configs }),
    ...(draft.secrets && { secrets: secret.secrets }),
  };
};

const checkSize = (config: CommonConfig): void => {
  const bytes = Buffer.byteLength(JSON.stringify(config));
  if (bytes > MAX_CONFIG_BYTES) {
    refuseConfig(`The configuration has ${bytes} bytes with its defaults; at most ${MAX_CONFIG_BYTES} can be stored`);
  }
};
