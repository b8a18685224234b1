import type { CommonConfig } from '../../core/connector.ts';
import type { Catalogue, ConnectorType, Problem } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { MASK } from '../../core/mask.ts';
import type { PulsarAdmin } from '../../core/pulsar-admin.ts';
import { readTopicName } from '../../core/topic-name.ts';
import { resolveConfig, secretKeys } from '../../core/type-config.ts';
import type { KindWords } from '../kind-words.ts';
import { typesOf } from './package-choice.ts';
import { refuseConfig } from './refuse.ts';

/**
 * Checks a connector's `configs` against its type, and that type and configuration can hold the guarantee. Throws `PIO_CONFIG_INVALID`
 * listing every problem, and `PIO_GUARANTEE_REFUSED` with what would make it possible.
 */
export const checkTypeConfig = (
  catalogue: Catalogue,
  words: KindWords,
  type: ConnectorType,
  config: CommonConfig,
): void => {
  const { processingGuarantees: guarantee, configs, secrets = {} } = config;
  if (!type.guarantees.includes(guarantee)) refuseGuarantee(typeRefusal(catalogue, words, type, guarantee));
  const { config: resolved, problems } = resolveConfig(type.config, { ...configs, ...namedSecrets(type, secrets) });
  if (problems.length > 0) refuseProblems(words, problems);
  const held = type.check?.(resolved, guarantee) ?? [];
  if (held.length === 0) return;
  const anyway = type.check?.(resolved, 'ATLEAST_ONCE') ?? [];
  if (anyway.length > 0) refuseProblems(words, held);
  refuseGuarantee(`This ${words.kind} cannot hold ${guarantee} as it is configured: ${list(held)}`);
};

/** Sensitive keys that `secrets` names are there, whatever a run will find behind a reference. */
const namedSecrets = (type: ConnectorType, secrets: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    secretKeys(type.config)
      .filter((key) => Object.hasOwn(secrets, key) && secrets[key] !== null)
      .map((key) => [key, typeof secrets[key] === 'string' ? secrets[key] : MASK]),
  );

/** Checks that the topics of an EFFECTIVELY_ONCE connector allow it. Throws `PIO_GUARANTEE_REFUSED` and `PIO_DEDUPLICATION_OFF`. */
export const checkTopics = async (
  words: KindWords,
  guarantee: CommonConfig['processingGuarantees'],
  topics: readonly string[],
  pulsar: PulsarAdmin | undefined,
  signal: AbortSignal,
): Promise<void> => {
  if (guarantee !== 'EFFECTIVELY_ONCE') return;
  for (const topic of topics) {
    if (readTopicName(topic)?.domain === 'non-persistent') {
      refuseGuarantee(`EFFECTIVELY_ONCE needs persistent topics, and ${topic} is not: it stores nothing to go on from`);
    }
    if (words.kind === 'source' && pulsar) await checkDeduplication(topic, pulsar, signal);
  }
};

const checkDeduplication = async (topic: string, pulsar: PulsarAdmin, signal: AbortSignal): Promise<void> => {
  if ((await pulsar.deduplication(topic, signal)) !== 'disabled') return;
  const { tenant, namespace, fullName } = readTopicName(topic) ?? { tenant: '', namespace: '', fullName: topic };
  throw new PulsarIoError(
    'PIO_DEDUPLICATION_OFF',
    `EFFECTIVELY_ONCE needs message deduplication on ${fullName}, and it is not enabled there. Enable it with: pulsar-admin namespaces set-deduplication ${tenant}/${namespace} --enable`,
  );
};

/** Refuses a configuration for all these reasons at once. */
export const refuseProblems = ({ kind }: KindWords, problems: readonly Problem[]): never =>
  refuseConfig(`Could not validate ${kind} config: ${list(problems)}`);

/** Most problems that one answer lists. */
const MAX_LISTED = 20;

const list = (problems: readonly Problem[]): string => {
  const listed = problems.slice(0, MAX_LISTED).map(({ path, message }) => `${path} ${message}`);
  if (problems.length > MAX_LISTED) listed.push(`and ${problems.length - MAX_LISTED} more`);
  return listed.join('; ');
};

const refuseGuarantee = (message: string): never => {
  throw new PulsarIoError('PIO_GUARANTEE_REFUSED', message);
};

const typeRefusal = (catalogue: Catalogue, words: KindWords, type: ConnectorType, guarantee: string): string => {
  const able = typesOf(catalogue, words).filter((each) => each.guarantees.some((one) => one === guarantee));
  const others =
    able.length > 0 ? `, or one of the ${words.segments[0]} that can: ${able.map(({ name }) => name).join(', ')}` : '';
  const reason = type.refusals?.[guarantee as Guarantee];
  return `A ${type.name} ${words.kind} cannot hold ${guarantee}${reason ? `: ${reason}` : ''}. Use ${type.guarantees.join(' or ')}${others}`;
};
