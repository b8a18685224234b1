import type { SinkConfig } from '../../core/connector.ts';
import type { SinkType } from '../../core/connector-type.ts';
import { isTopicName, readTopicName } from '../../core/topic-name.ts';
import { compileTransform, routesRecords } from '../../core/transform/transform.ts';
import { checkClass, checkCommon, completeCommon, overlay, withoutEmpty } from './common-rules.ts';
import { readSinkDraft, type SinkDraft } from './drafts.ts';
import type { KindRules } from './kind-rules.ts';
import { refuseConfig } from './refuse.ts';
import { checkInputNames, checkInputSettings, completeInput, foldInputs, mergeInputs } from './sink-inputs.ts';

/** Configuration of sinks (PULSAR-ADMIN-CONTRACT 2.3). */
export const sinkRules: KindRules<SinkDraft, SinkConfig> = {
  read: readSinkDraft,

  validate(draft, type) {
    const inputs = foldInputs(draft);
    checkInputNames(inputs);
    checkCommon('Sink', draft);
    if ((draft.timeoutMs ?? 0) < 0) refuseConfig('Sink timeout must be a positive number');
    checkClass('Sink', 'not found', draft, type);
    checkTransform(draft, type as SinkType);
    checkInputSettings(inputs);
    checkOrdering(draft);
    checkDeadLetters(draft, [...inputs.keys()]);
    checkAutoAck(draft);
  },

  complete: (name, draft, type) => ({
    ...name,
    ...completeCommon(draft, type),
    ...(draft.sourceSubscriptionName && { sourceSubscriptionName: draft.sourceSubscriptionName }),
    sourceSubscriptionPosition: draft.sourceSubscriptionPosition ?? 'Latest',
    inputSpecs: Object.fromEntries([...foldInputs(draft)].map(([topic, input]) => [topic, completeInput(input)])),
    retainOrdering: draft.retainOrdering ?? false,
    retainKeyOrdering: draft.retainKeyOrdering ?? false,
    autoAck: draft.autoAck ?? true,
    cleanupSubscription: draft.cleanupSubscription ?? true,
    ...(isPositive(draft.timeoutMs) && { timeoutMs: draft.timeoutMs }),
    ...(isPositive(draft.negativeAckRedeliveryDelayMs) && {
      negativeAckRedeliveryDelayMs: draft.negativeAckRedeliveryDelayMs,
    }),
    ...(isPositive(draft.maxMessageRetries) && { maxMessageRetries: draft.maxMessageRetries }),
    ...(hasDeadLetters(draft) && { deadLetterTopic: draft.deadLetterTopic }),
    ...withoutEmpty({
      transformFunction: draft.transformFunction ?? '',
      transformFunctionClassName: draft.transformFunctionClassName ?? '',
      transformFunctionConfig: draft.transformFunctionConfig ?? '',
    }),
  }),

  merge(stored, given) {
    const {
      inputs: _inputs,
      topicsPattern: _pattern,
      topicToSerdeClassName: _serde,
      topicToSchemaType: _schema,
      ...rest
    } = given;
    const { sourceSubscriptionName } = given;
    if (sourceSubscriptionName && sourceSubscriptionName !== stored.sourceSubscriptionName) {
      refuseConfig('Subscription Name cannot be altered');
    }
    const inputSpecs = mergeInputs(stored.inputSpecs, foldInputs(given));
    if (given.autoAck !== undefined && given.autoAck !== stored.autoAck) refuseConfig('AutoAck cannot be altered');
    return overlay<SinkDraft>(stored, { ...withOneOrdering(withoutDefaultPosition(rest)), inputSpecs });
  },

  project: (config) => ({
    tenant: config.tenant,
    namespace: config.namespace,
    name: config.name,
    className: config.className,
    sourceSubscriptionName: config.sourceSubscriptionName,
    sourceSubscriptionPosition: config.sourceSubscriptionPosition,
    inputs: Object.keys(config.inputSpecs),
    inputSpecs: config.inputSpecs,
    maxMessageRetries: config.maxMessageRetries,
    deadLetterTopic: config.deadLetterTopic,
    transformFunction: config.transformFunction,
    transformFunctionClassName: config.transformFunctionClassName,
    transformFunctionConfig: config.transformFunctionConfig,
    configs: Object.keys(config.configs).length > 0 ? config.configs : undefined,
    secrets: config.secrets,
    parallelism: config.parallelism,
    processingGuarantees: config.processingGuarantees,
    retainOrdering: config.retainOrdering || config.processingGuarantees === 'EFFECTIVELY_ONCE',
    retainKeyOrdering: config.retainKeyOrdering,
    resources: config.resources,
    autoAck: config.autoAck,
    timeoutMs: config.timeoutMs,
    negativeAckRedeliveryDelayMs: config.negativeAckRedeliveryDelayMs,
    archive: config.archive,
    cleanupSubscription: config.cleanupSubscription,
    runtimeFlags: config.runtimeFlags,
    customRuntimeOptions: config.customRuntimeOptions,
    logTopic: config.logTopic,
  }),

  topics: ({ inputSpecs }) => Object.keys(inputSpecs),
};

const isPositive = (value: number | undefined): value is number => value !== undefined && value > 0;

const hasDeadLetters = (draft: SinkDraft): draft is SinkDraft & { readonly deadLetterTopic: string } =>
  isPositive(draft.maxMessageRetries) && Boolean(draft.deadLetterTopic);

/**
 * pulsar-admin sends `Latest` with every update, asked or not, which would turn an Earliest sink into a Latest one; so an update can set
 * Earliest but not take it back. The position matters only when the subscription is created.
 */
const withoutDefaultPosition = (given: SinkDraft): SinkDraft => {
  const { sourceSubscriptionPosition, ...rest } = given;
  return sourceSubscriptionPosition === 'Earliest' ? given : rest;
};

/** Asking for one ordering ends the other, which pulsar-admin has no way to switch off. */
const withOneOrdering = (given: SinkDraft): SinkDraft => ({
  ...(given.retainKeyOrdering && { retainOrdering: false }),
  ...(given.retainOrdering && { retainKeyOrdering: false }),
  ...given,
});

/** The one function that is there: Pulsar's transformations, as DataStax packages them. */
const TRANSFORMS = 'builtin://transforms';
const TRANSFORMS_CLASS = 'com.datastax.oss.pulsar.functions.transforms.TransformFunction';

const checkTransform = (draft: SinkDraft, type: SinkType): void => {
  const { transformFunction, transformFunctionClassName, transformFunctionConfig } = draft;
  if (transformFunction !== TRANSFORMS && transformFunction?.startsWith('builtin://'))
    refuseConfig('Built-in SINK is not available');
  const isOtherClass = transformFunctionClassName && transformFunctionClassName !== TRANSFORMS_CLASS;
  if ((transformFunction && transformFunction !== TRANSFORMS) || isOtherClass) {
    refuseConfig(
      `Sink transform functions of your own cannot run here: packages of JVM code are not taken; the one that is there is transformFunction ${TRANSFORMS}`,
    );
  }
  if (Boolean(transformFunction) !== Boolean(transformFunctionConfig))
    refuseConfig(`transformFunction ${TRANSFORMS} and transformFunctionConfig, {"steps": [...]}, go together`);
  if (!transformFunctionConfig) return;
  compileTransform(transformFunctionConfig);
  if (routesRecords(transformFunctionConfig) && !type.destination)
    refuseConfig(
      `destinationTopic cannot be computed for a ${type.name} sink: it writes to the one place that its configs name`,
    );
};

const checkOrdering = ({ processingGuarantees, retainOrdering, retainKeyOrdering }: SinkDraft): void => {
  if (processingGuarantees === 'EFFECTIVELY_ONCE' && retainKeyOrdering) {
    refuseConfig('When effectively once processing guarantee is specified, retain Key ordering cannot be set');
  }
  if (retainOrdering && retainKeyOrdering)
    refuseConfig('Only one of retain ordering or retain key ordering can be set');
};

const checkDeadLetters = (draft: SinkDraft, inputs: readonly string[]): void => {
  if (!hasDeadLetters(draft)) return;
  const { deadLetterTopic } = draft;
  const fullName = readTopicName(deadLetterTopic)?.fullName;
  if (!isTopicName(deadLetterTopic)) refuseConfig(`Dead letter topic ${deadLetterTopic} is invalid`);
  if (inputs.some((input) => readTopicName(input)?.fullName === fullName)) {
    refuseConfig(
      `Dead letter topic ${deadLetterTopic} is one of the inputs: rejected records would come back for ever`,
    );
  }
};

const checkAutoAck = ({ processingGuarantees, autoAck }: SinkDraft): void => {
  if (processingGuarantees === 'ATMOST_ONCE' && autoAck === false) {
    refuseConfig(
      'When Guarantees == ATMOST_ONCE, autoAck must be equal to true. This is a contradictory configuration, autoAck will be removed later. Please refer to PIP: https://github.com/apache/pulsar/issues/15560',
    );
  }
};
