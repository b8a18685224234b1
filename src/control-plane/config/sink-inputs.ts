import type { InputSpec } from '../../core/connector.ts';
import { isTopicName } from '../../core/topic-name.ts';
import { checkCrypto, checkSchema, withoutEmpty } from './common-rules.ts';
import type { InputDraft, SinkDraft } from './drafts.ts';
import { refuseConfig } from './refuse.ts';

/** Most inputs of one sink. */
const MAX_INPUTS = 1000;

/** Inputs by the topic as it was typed: the five ways of naming one folded together, `inputSpecs` over all others. */
export const foldInputs = (draft: SinkDraft): ReadonlyMap<string, InputDraft> => {
  const { inputs = [], topicsPattern, topicToSerdeClassName = {}, topicToSchemaType = {}, inputSpecs = {} } = draft;
  return new Map<string, InputDraft>([
    ...inputs.map((topic): [string, InputDraft] => [topic, {}]),
    ...Object.entries(topicToSerdeClassName).map(([topic, serdeClassName]): [string, InputDraft] => [
      topic,
      { serdeClassName },
    ]),
    ...Object.entries(topicToSchemaType).map(([topic, schemaType]): [string, InputDraft] => [topic, { schemaType }]),
    ...(topicsPattern ? [[topicsPattern, { regexPattern: true }] as [string, InputDraft]] : []),
    ...Object.entries(inputSpecs),
  ]);
};

/** Checks that there are inputs and that their names can be topics. */
export const checkInputNames = (inputs: ReadonlyMap<string, InputDraft>): void => {
  if (inputs.size === 0) {
    refuseConfig(
      'Must specify at least one topic of input via topicToSerdeClassName, topicsPattern, topicToSchemaType or inputSpecs',
    );
  }
  if (inputs.size > MAX_INPUTS) refuseConfig(`A sink can have at most ${MAX_INPUTS} inputs`);
  for (const [topic, input] of inputs) {
    if (!isTopicName(topic)) refuseConfig(`Input topic ${topic} is invalid`);
    if (isPattern(input)) checkPattern(topic);
  }
};

const checkPattern = (pattern: string): void => {
  try {
    new RegExp(pattern);
  } catch {
    refuseConfig(`Input topic ${pattern} is not a regular expression of JavaScript`);
  }
};

/** Checks what is said of each input: schema, serialisation, and classes that cannot be loaded here. */
export const checkInputSettings = (inputs: ReadonlyMap<string, InputDraft>): void => {
  for (const input of inputs.values()) {
    checkSchema(input.schemaType, input.serdeClassName);
    checkCrypto(input.cryptoConfig);
    const processor = input.messagePayloadProcessorConfig?.className;
    if (processor) refuseConfig(`The message payload processor class ${processor} does not exist`);
  }
};

/** True for an input that is a pattern of topic names, in either spelling. */
export const isPattern = (input: InputDraft | InputSpec): boolean =>
  input.regexPattern ?? ('isRegexPattern' in input && input.isRegexPattern) ?? false;

/** Pulsar's `ConsumerConfig` as it is stored and shown. Schema properties are not kept for sinks, as in Pulsar. */
export const completeInput = (input: InputDraft): InputSpec => ({
  ...withoutEmpty({ schemaType: input.schemaType ?? '', serdeClassName: input.serdeClassName ?? '' }),
  schemaProperties: {},
  consumerProperties: input.consumerProperties ?? {},
  ...(input.receiverQueueSize !== undefined && { receiverQueueSize: input.receiverQueueSize }),
  poolMessages: input.poolMessages ?? false,
  regexPattern: isPattern(input),
});

/** The inputs of an update on top of the stored ones: settings may change, the set of topics may not. */
export const mergeInputs = (
  stored: Readonly<Record<string, InputSpec>>,
  given: ReadonlyMap<string, InputDraft>,
): Record<string, InputDraft> => {
  for (const [topic, input] of given) {
    const before = Object.hasOwn(stored, topic) ? stored[topic] : undefined;
    if (!before) return refuseConfig('Input Topics cannot be altered');
    if (before.regexPattern !== isPattern(input)) {
      refuseConfig(`isRegexPattern for input topic ${topic} cannot be altered`);
    }
  }
  return Object.fromEntries([...Object.entries(stored), ...given]);
};
