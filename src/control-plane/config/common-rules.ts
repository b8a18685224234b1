import type { Resources } from '../../core/connector.ts';
import type { ConnectorType } from '../../core/connector-type.ts';
import { DEFAULT_GUARANTEE } from '../../core/guarantee.ts';
import { isTopicName } from '../../core/topic-name.ts';
import type { CommonDraft } from './drafts.ts';
import { refuseConfig } from './refuse.ts';

/** Most instances of one connector: a run each. */
export const MAX_PARALLELISM = 1000;

/** Pulsar's default resources: cores, bytes, bytes. */
export const DEFAULT_RESOURCES: Resources = { cpu: 1, ram: 1_073_741_824, disk: 10_737_418_240 };

/** Serialisation that Pulsar takes for none. */
const DEFAULT_SERDE = 'org.apache.pulsar.functions.api.utils.DefaultSerDe';

/** Names of Pulsar's `SchemaType`, which `schemaType` may give in any case. */
const SCHEMA_TYPES = new Set(
  'NONE STRING JSON PROTOBUF AVRO BOOLEAN INT8 INT16 INT32 INT64 FLOAT DOUBLE DATE TIME TIMESTAMP KEY_VALUE INSTANT LOCAL_DATE LOCAL_TIME LOCAL_DATE_TIME PROTOBUF_NATIVE BYTES AUTO AUTO_CONSUME AUTO_PUBLISH'.split(
    ' ',
  ),
);

/** Checks the fields that sources and sinks share, in Pulsar's order: log topic, parallelism, resources. */
export const checkCommon = (title: string, { logTopic, parallelism = 1, resources = {} }: CommonDraft): void => {
  if (logTopic && !isTopicName(logTopic)) refuseConfig(`LogTopic topic ${logTopic} is invalid`);
  if (parallelism <= 0) refuseConfig(`${title} parallelism must be a positive number`);
  if (parallelism > MAX_PARALLELISM) refuseConfig(`${title} parallelism must be at most ${MAX_PARALLELISM}`);
  for (const what of ['cpu', 'ram', 'disk'] as const) {
    if ((resources[what] ?? 1) <= 0) refuseConfig(`The ${what} allocation for the function must be positive`);
  }
};

/** Checks `className` against the one class that a type stands for. */
export const checkClass = (title: string, notFound: string, draft: CommonDraft, type: ConnectorType): void => {
  const { className } = draft;
  if (className === undefined || className === type.className) return;
  refuseConfig(
    className === type.configClassName
      ? `${title} class ${className} does not implement the correct interface`
      : `${title} class ${className} ${notFound}`,
  );
};

/** Checks schema and serialisation of one topic: classes cannot be loaded here, so only Pulsar's own schema types exist. */
export const checkSchema = (schemaType = '', serdeClassName = ''): void => {
  if (schemaType && serdeClassName) refuseConfig('Only one of serdeClassName or schemaType should be set');
  if (serdeClassName && serdeClassName !== DEFAULT_SERDE) {
    refuseConfig(`The input serialization/deserialization class ${serdeClassName} does not exist`);
  }
  if (schemaType && !SCHEMA_TYPES.has(schemaType.toUpperCase())) {
    refuseConfig(`The schema class ${schemaType} does not exist`);
  }
};

/** Checks a crypto configuration: without a class name it is dropped, and no class can be loaded. */
export const checkCrypto = (crypto: { readonly cryptoKeyReaderClassName?: string } | undefined): void => {
  const className = crypto?.cryptoKeyReaderClassName;
  if (className) refuseConfig(`The crypto key reader class ${className} does not exist`);
};

/** Without the fields that are undefined or "": Pulsar's "if set". */
export const withoutEmpty = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as T;

/** The shared fields of a stored configuration. */
export const completeCommon = (draft: CommonDraft, type: ConnectorType) => ({
  className: type.className,
  archive: `builtin://${type.name}`,
  configs: draft.configs ?? {},
  ...(draft.secrets && { secrets: draft.secrets }),
  parallelism: draft.parallelism ?? 1,
  processingGuarantees: draft.processingGuarantees ?? DEFAULT_GUARANTEE,
  resources: { ...DEFAULT_RESOURCES, ...draft.resources },
  ...withoutEmpty({
    runtimeFlags: draft.runtimeFlags ?? '',
    customRuntimeOptions: draft.customRuntimeOptions ?? '',
    logTopic: draft.logTopic ?? '',
  }),
});

/** Text fields that an update replaces only when they are not empty. */
const NON_EMPTY = new Set<string>(
  'className topicName serdeClassName schemaType logTopic archive runtimeFlags customRuntimeOptions sourceSubscriptionName'.split(
    ' ',
  ),
);

/** `given` on top of `stored`: what is absent stays, and so do the texts that cannot be cleared. */
export const overlay = <D extends CommonDraft>(stored: D, given: D): D => {
  const replacing = Object.entries(given).filter(([field, value]) => !(NON_EMPTY.has(field) && value === ''));
  return { ...stored, ...(Object.fromEntries(replacing) as Partial<D>) };
};
