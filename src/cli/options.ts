import type { ConnectorKind } from '../core/connector.ts';

/** How the text of an option becomes a value. */
export type ValueForm = 'text' | 'integer' | 'number' | 'json' | 'list' | 'flag' | 'boolean';

/** An option of create and update, in the words of `pulsar-admin`. */
export interface ConfigOption {
  readonly flag: string;
  readonly aliases?: readonly string[];
  readonly form: ValueForm;
  /** Where it goes in `SinkConfig` or `SourceConfig`: a field, or `object.field`; absent: it is dealt with on its own. */
  readonly field?: string;
  readonly choices?: readonly string[];
  readonly describe: string;
}

const GUARANTEES = ['ATLEAST_ONCE', 'ATMOST_ONCE', 'EFFECTIVELY_ONCE'];

const option = (
  flag: string,
  form: ValueForm,
  field: string | undefined,
  describe: string,
  more: Partial<ConfigOption> = {},
): ConfigOption => ({ flag, form, ...(field && { field }), describe, ...more });

const common = (kind: ConnectorKind): ConfigOption[] => [
  option('tenant', 'text', 'tenant', `The ${kind}'s tenant`),
  option('namespace', 'text', 'namespace', `The ${kind}'s namespace`),
  option('name', 'text', 'name', `The ${kind}'s name`),
  option(`${kind}-type`, 'text', undefined, `The ${kind}'s connector type, one of available-${kind}s`, {
    aliases: ['t'],
  }),
  option('archive', 'text', 'archive', 'builtin://TYPE; packages cannot run here', { aliases: ['a'] }),
  option('classname', 'text', 'className', 'Class name, which can only be that of the type', {
    aliases: ['className'],
  }),
  option('processing-guarantees', 'text', 'processingGuarantees', 'The processing guarantees (default ATLEAST_ONCE)', {
    aliases: ['processingGuarantees'],
    choices: GUARANTEES,
  }),
  option('parallelism', 'integer', 'parallelism', `The number of ${kind} instances to run`),
  option('cpu', 'number', 'resources.cpu', 'CPU of an instance, in cores'),
  option('ram', 'integer', 'resources.ram', 'RAM of an instance, in bytes'),
  option('disk', 'integer', 'resources.disk', 'Disk of an instance, in bytes'),
  option(`${kind}-config`, 'json', 'configs', 'Configuration of the connector type (JSON object)', {
    aliases: [`${kind}Config`],
  }),
  option(
    `${kind}-config-file`,
    'text',
    undefined,
    `YAML file with the ${kind}'s configuration; other options override it`,
    {
      aliases: [`${kind}ConfigFile`],
    },
  ),
  option('custom-runtime-options', 'text', 'customRuntimeOptions', 'Options of this runtime, as JSON text'),
  option('secrets', 'json', 'secrets', 'Secrets by name: a text or a reference such as {"ssm": "/path"} (JSON object)'),
  option('log-topic', 'text', 'logTopic', 'Topic of the logs'),
  option('runtime-flags', 'text', 'runtimeFlags', 'Kept, not used here'),
];

const SINK: readonly ConfigOption[] = [
  ...common('sink'),
  option('inputs', 'list', 'inputs', "The sink's input topics, comma-separated", { aliases: ['i'] }),
  option('topics-pattern', 'text', 'topicsPattern', 'Pattern of input topics: persistent://tenant/namespace/regex', {
    aliases: ['topicsPattern'],
  }),
  option('input-specs', 'json', 'inputSpecs', 'Settings by input topic (JSON object)'),
  option('custom-serde-inputs', 'json', 'topicToSerdeClassName', 'Input topics with their SerDe (JSON object)', {
    aliases: ['customSerdeInputs'],
  }),
  option('custom-schema-inputs', 'json', 'topicToSchemaType', 'Input topics with their schema type (JSON object)'),
  option('subs-name', 'text', 'sourceSubscriptionName', 'Name of the subscription', { aliases: ['subsName'] }),
  option('subs-position', 'text', 'sourceSubscriptionPosition', 'Where a new subscription begins', {
    choices: ['Latest', 'Earliest'],
  }),
  option('retain-ordering', 'flag', 'retainOrdering', 'Write the records of a topic in order', {
    aliases: ['retainOrdering'],
  }),
  option('retain-key-ordering', 'flag', 'retainKeyOrdering', 'Write the records of a key in order'),
  option('auto-ack', 'boolean', 'autoAck', 'true or false; must be true here'),
  option('timeout-ms', 'integer', 'timeoutMs', 'Time of one message, in milliseconds'),
  option(
    'negative-ack-redelivery-delay-ms',
    'integer',
    'negativeAckRedeliveryDelayMs',
    'Pause before a failed message comes again, in milliseconds',
  ),
  option(
    'max-redeliver-count',
    'integer',
    'maxMessageRetries',
    'Failures after which a message goes to the dead-letter topic',
  ),
  option('dead-letter-topic', 'text', 'deadLetterTopic', 'Topic of dead letters'),
  option('cleanup-subscription', 'flag', 'cleanupSubscription', 'Delete the subscription with the sink'),
  option('transform-function', 'text', 'transformFunction', 'builtin://transforms, the only one'),
  option('transform-function-classname', 'text', 'transformFunctionClassName', 'Class of it'),
  option('transform-function-config', 'text', 'transformFunctionConfig', 'Its steps, as JSON'),
];

const SOURCE: readonly ConfigOption[] = [
  ...common('source'),
  option('destination-topic-name', 'text', 'topicName', 'Topic that the source writes to', {
    aliases: ['o', 'destinationTopicName'],
  }),
  option('producer-config', 'json', 'producerConfig', 'Settings of the producer (JSON object)'),
  option('batch-builder', 'text', 'batchBuilder', 'DEFAULT or KEY_BASED'),
  option('deserialization-classname', 'text', 'serdeClassName', 'Refused here: it needs a JVM', {
    aliases: ['deserializationClassName'],
  }),
  option('schema-type', 'text', 'schemaType', 'Schema type of the records (-st)'),
  option('batch-source-config', 'json', 'batchSourceConfig', 'Settings of a batch source (JSON object)'),
];

/** Options of create and update of a kind. */
export const configOptions = (kind: ConnectorKind): readonly ConfigOption[] => (kind === 'sink' ? SINK : SOURCE);
