import type { CommonConfig, ConnectorKind, SinkConfig } from '../../core/connector.ts';
import { parksKeys } from '../../core/dead-letter-rules.ts';
import { FLOW_OPTIONS, flowOptions } from '../../core/flow-options.ts';
import { mayScale } from '../../core/parallelism.ts';
import { type RuntimeOptions, runtimeOptions } from '../../core/runtime-options.ts';
import { topicNameOrProblem } from '../../core/topic-name.ts';
import { compileTransform } from '../../core/transform/transform.ts';
import { refuseConfig } from './refuse.ts';

/** What only a sink has: a source has no batches that could wait, and no backlog that Pulsar knows. */
const OF_SINKS: readonly (keyof RuntimeOptions)[] = ['batchTimeMs', 'minParallelism', 'backlogPerInstance'];
const FLOW = FLOW_OPTIONS.filter((name) => !OF_SINKS.includes(name));

/** What `customRuntimeOptions` may say of each kind. */
const KNOWN: Readonly<Record<ConnectorKind, readonly (keyof RuntimeOptions)[]>> = {
  source: [
    'runner',
    'deadLetterTopic',
    'schema',
    'transformFunctionConfig',
    'schedule',
    'timeZone',
    'missedTimes',
    ...FLOW,
  ],
  sink: ['runner', 'deadLetterKeys', 'schedule', 'timeZone', 'missedTimes', ...OF_SINKS, ...FLOW],
};

/** Checks `customRuntimeOptions`: a word that nothing reads, or that would have no effect, is refused with what would be right. Throws `PIO_CONFIG_INVALID`. */
export const checkRuntimeOptions = (kind: ConnectorKind, config: CommonConfig): void => {
  const options = runtimeOptions(config);
  for (const name of Object.keys(options)) {
    if (!(KNOWN[kind] as readonly string[]).includes(name)) refuseConfig(unknown(kind, name));
  }
  const { runner = 'default', deadLetterTopic, deadLetterKeys } = options;
  if (runner !== 'default') refuseConfig(`There is no runner ${JSON.stringify(runner)}: the only one is "default"`);
  flowOptions(config);
  if (kind === 'sink') checkScale(config as SinkConfig);
  if (options.transformFunctionConfig !== undefined) compileTransform(options.transformFunctionConfig);
  if (kind === 'source' && deadLetterTopic !== undefined) checkTopic(deadLetterTopic);
  if (kind === 'sink' && deadLetterKeys === 'park' && !parksKeys(config as SinkConfig)) {
    refuseConfig(
      '"deadLetterKeys": "park" in customRuntimeOptions needs an order and one instance that sees all records of a key: set retainOrdering, retainKeyOrdering with a parallelism of 1, or EFFECTIVELY_ONCE; and not ATMOST_ONCE',
    );
  }
};

const checkScale = (config: SinkConfig): void => {
  const { minParallelism, backlogPerInstance } = flowOptions(config);
  if (minParallelism === undefined && backlogPerInstance !== undefined)
    refuseConfig('"backlogPerInstance" in customRuntimeOptions needs "minParallelism", such as "1"');
  if (minParallelism === undefined) return;
  if (minParallelism > config.parallelism)
    refuseConfig(
      `minParallelism in customRuntimeOptions must not be above the parallelism, ${config.parallelism}, which is the maximum`,
    );
  if (!mayScale(config))
    refuseConfig(
      '"minParallelism" in customRuntimeOptions needs a sink any of whose instances may take any message: ATLEAST_ONCE without retainOrdering. Under the other guarantees each topic-partition belongs to one instance',
    );
};

const unknown = (kind: ConnectorKind, name: string): string => {
  const known = KNOWN[kind].map((each) => `"${each}"`).join(', ');
  const hint =
    kind === 'sink' && name === 'deadLetterTopic'
      ? '; the dead-letter topic of a sink is the field deadLetterTopic'
      : '';
  return `customRuntimeOptions has the unknown key ${JSON.stringify(name)}: a ${kind} takes ${known}${hint}`;
};

const checkTopic = (topic: string): void => {
  const name = topicNameOrProblem(topic);
  if (typeof name === 'string') refuseConfig(`deadLetterTopic in customRuntimeOptions is no topic name: ${name}`);
};
