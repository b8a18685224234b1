import type { SinkConfig, SourceConfig } from '../../core/connector.ts';
import type { ConnectorType, SourceType } from '../../core/connector-type.ts';
import { anyTopicOf, declaredNamespace } from '../../core/destination.ts';
import { PulsarIoError } from '../../core/errors.ts';
import type { PulsarAdmin } from '../../core/pulsar-admin.ts';
import type { RuntimeOptions } from '../../core/runtime-options.ts';
import { namespaceOf, readTopicName } from '../../core/topic-name.ts';
import { routesRecords } from '../../core/transform/transform.ts';
import type { Caller } from './authorize.ts';

type Action = 'produce' | 'consume';

/** A topic that a connector will use, and what for. */
interface TopicUse {
  readonly topic: string;
  readonly action: Action;
  /** True: records name others of its namespace, too, so a grant on the one topic does not do. */
  readonly isAnyOfNamespace?: boolean;
}

/**
 * Runs connect with the deployment's own token, not with that of the one who made the connector, as Pulsar's do. So whoever makes or changes one must hold the rights on
 * its topics: super user, admin of the topic's tenant, or granted `consume` (inputs) or `produce` (outputs, dead letters) on the namespace or the topic. Throws `PIO_UNAUTHORIZED`
 * naming the grant that is missing.
 */
export const requireTopicRights = async (
  type: ConnectorType,
  config: SourceConfig | SinkConfig,
  { roles, superUserRoles }: Caller,
  pulsar: PulsarAdmin | undefined,
  signal: AbortSignal,
): Promise<void> => {
  const bound = roles.filter((role) => !superUserRoles.includes(role));
  if (bound.length === 0) return;
  const uses = type.kind === 'source' ? usesOfSource(type, config as SourceConfig) : usesOfSink(config as SinkConfig);
  for (const use of uses) await requireRight(bound, use, pulsar, signal);
};

const usesOfSource = (type: SourceType, config: SourceConfig): TopicUse[] => {
  const { topicName: topic, customRuntimeOptions } = config;
  const steps = optionOf(customRuntimeOptions, 'transformFunctionConfig');
  const declared = declaredNamespace(type, config);
  return [
    { topic, action: 'produce', isAnyOfNamespace: steps !== undefined && routesRecords(steps) },
    ...(declared === undefined
      ? []
      : [{ topic: anyTopicOf(declared), action: 'produce', isAnyOfNamespace: true } as const]),
    ...producing(optionOf(customRuntimeOptions, 'deadLetterTopic')),
  ];
};

const usesOfSink = ({ inputSpecs, deadLetterTopic }: SinkConfig): TopicUse[] => [
  ...Object.keys(inputSpecs).map((topic) => ({ topic, action: 'consume' }) as const),
  ...producing(deadLetterTopic),
];

const producing = (topic: string | undefined): TopicUse[] => (topic ? [{ topic, action: 'produce' }] : []);

const optionOf = (options: string | undefined, name: keyof RuntimeOptions): string | undefined => {
  try {
    const value: unknown = JSON.parse(options || '{}')?.[name];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
};

const requireRight = async (
  roles: readonly string[],
  { topic, action, isAnyOfNamespace }: TopicUse,
  pulsar: PulsarAdmin | undefined,
  signal: AbortSignal,
): Promise<void> => {
  const name = readTopicName(topic);
  const namespace = name ? namespaceOf(name) : '';
  const admins = name && pulsar ? await pulsar.tenantAdmins(name.tenant, signal) : [];
  for (const role of roles.filter((each) => !admins.includes(each))) {
    const places = [namespace, ...(name && !isAnyOfNamespace ? [name.fullName] : [])];
    const isGranted = name && pulsar && (await isGrantedAnywhere(role, action, places, pulsar, signal));
    if (!isGranted) throw refusal(role, action, isAnyOfNamespace ? `all topics of ${namespace}` : topic, namespace);
  }
};

const isGrantedAnywhere = async (
  role: string,
  action: Action,
  places: readonly string[],
  pulsar: PulsarAdmin,
  signal: AbortSignal,
): Promise<boolean> => {
  for (const place of places) {
    const granted = await pulsar.permissions(place, signal);
    if (Object.hasOwn(granted, role) && granted[role]?.includes(action)) return true;
  }
  return false;
};

const refusal = (role: string, action: Action, topic: string, namespace: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_UNAUTHORIZED',
    `Role ${role} may not ${action} on ${topic}; it can be granted with: pulsar-admin namespaces grant-permission ${namespace} --role ${role} --actions ${action}`,
  );
