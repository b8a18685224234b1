import type { ProducerSettings, SourceConfig } from '../../core/connector.ts';
import { isTopicName } from '../../core/topic-name.ts';
import {
  checkClass,
  checkCommon,
  checkCrypto,
  checkSchema,
  completeCommon,
  overlay,
  withoutEmpty,
} from './common-rules.ts';
import { readSourceDraft, type SourceDraft } from './drafts.ts';
import type { KindRules } from './kind-rules.ts';
import { refuseConfig } from './refuse.ts';

/** Configuration of sources (PULSAR-ADMIN-CONTRACT 2.2). */
export const sourceRules: KindRules<SourceDraft, SourceConfig> = {
  read: readSourceDraft,

  validate(draft, type) {
    const { topicName, schemaType, serdeClassName, producerConfig } = draft;
    if (topicName && !isTopicName(topicName)) refuseConfig('Topic name is invalid');
    checkCommon('Source', draft);
    checkClass('Source', 'not found in class loader', draft, type);
    checkSchema(schemaType, serdeClassName);
    checkCrypto(producerConfig?.cryptoConfig);
  },

  complete: (name, draft, type) => ({
    ...name,
    ...completeCommon(draft, type),
    topicName: draft.topicName ?? '',
    producerConfig: completeProducer(draft),
    ...withoutEmpty({ schemaType: draft.schemaType ?? '', serdeClassName: draft.serdeClassName ?? '' }),
    ...(draft.batchSourceConfig && { batchSourceConfig: draft.batchSourceConfig }),
  }),

  merge(stored, { batchBuilder: _ignoredOnUpdate, ...given }) {
    const before = stored.batchSourceConfig;
    const after = given.batchSourceConfig;
    if ((before === undefined) !== (after === undefined)) {
      refuseConfig('Sources cannot be update between regular sources and batchsource');
    }
    if (before?.discoveryTriggererClassName !== after?.discoveryTriggererClassName) {
      refuseConfig('DiscoverTriggerer class cannot be updated for batchsources');
    }
    return overlay<SourceDraft>(stored as SourceDraft, given);
  },

  project: (config) => ({
    tenant: config.tenant,
    namespace: config.namespace,
    name: config.name,
    className: config.className,
    topicName: config.topicName,
    producerConfig: config.producerConfig,
    serdeClassName: config.serdeClassName,
    schemaType: config.schemaType,
    configs: config.configs,
    secrets: config.secrets,
    parallelism: config.parallelism,
    processingGuarantees: config.processingGuarantees,
    resources: config.resources,
    archive: config.archive,
    runtimeFlags: config.runtimeFlags,
    customRuntimeOptions: config.customRuntimeOptions,
    batchSourceConfig: config.batchSourceConfig,
    logTopic: config.logTopic,
  }),

  topics: ({ topicName }) => (topicName ? [topicName] : []),
};

/** Pulsar's `ProducerConfig` as it is stored and shown; numbers that are not positive mean the client's own default. */
const completeProducer = ({ producerConfig = {}, batchBuilder }: SourceDraft): ProducerSettings => {
  const { maxPendingMessages = 0, maxPendingMessagesAcrossPartitions = 0, batchingConfig } = producerConfig;
  return {
    ...(maxPendingMessages > 0 && { maxPendingMessages }),
    ...(maxPendingMessagesAcrossPartitions > 0 && { maxPendingMessagesAcrossPartitions }),
    useThreadLocalProducers: producerConfig.useThreadLocalProducers ?? false,
    batchBuilder: batchBuilder ?? producerConfig.batchBuilder ?? '',
    compressionType: producerConfig.compressionType ?? 'LZ4',
    ...(batchingConfig && { batchingConfig }),
  };
};
