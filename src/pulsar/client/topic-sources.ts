import { partitionTopicName, type TopicName } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';
import { partitionCount, topicsOfNamespace } from '../network/lookup.ts';
import { parseTopicName, type TopicsMode } from '../protocol/index.ts';
import { type ClientContext, requestOptions } from './client-context.ts';
import { untilDone } from './reconnector.ts';

/** Where the topics of a consumer come from, and whether they may become more. */
export interface TopicSource {
  /** The topics as they are now: partitions for partitioned ones. */
  list(): Promise<TopicName[]>;
  /** How often to look again. */
  readonly refreshMs: number;
  /** Topics that are not in the list any more are left. */
  readonly isPattern: boolean;
}

async function partitionsOf(context: ClientContext, name: string, mayCreate: boolean): Promise<TopicName[]> {
  const topic = parseTopicName(name);
  if (topic.partition >= 0) return [topic];
  const count = await untilDone(context.operationTimeoutMs, (signal) =>
    partitionCount(context.pool, topic.fullName, { ...requestOptions(context, signal), mayCreate }),
  );
  if (count === 0) return [topic];
  return Array.from({ length: count }, (_, i) => parseTopicName(partitionTopicName(topic.fullName, i)));
}

/** The topics to produce to or to consume, each once: partitions for partitioned ones. */
export async function concreteTopics(
  context: ClientContext,
  names: readonly string[],
  mayCreate = true,
): Promise<TopicName[]> {
  const topics = (await Promise.all(names.map((name) => partitionsOf(context, name, mayCreate)))).flat();
  return [...new Map(topics.map((topic) => [topic.fullName, topic])).values()];
}

/** Topics by their names; partitioned ones may get more partitions. */
export function namedTopics(context: ClientContext, names: readonly string[]): TopicSource {
  const { partitionsUpdateMs } = context;
  return { list: () => concreteTopics(context, names), refreshMs: partitionsUpdateMs, isPattern: false };
}

/** A pattern taken apart: tenant and namespace are literal, the domain is ignored, the rest is a regular expression. */
function readPattern(pattern: string): { readonly namespace: string; readonly whole: RegExp } {
  const rest = pattern.slice(pattern.includes('://') ? pattern.indexOf('://') + 3 : 0);
  const [tenant, namespace, ...local] = rest.split('/');
  if (!tenant || !namespace || local.length === 0) {
    const form = 'persistent://tenant/namespace/regular-expression';
    throw new PulsarError('InvalidTopicName', `the topics pattern ${JSON.stringify(pattern)} must be ${form}`);
  }
  try {
    return { namespace: `${tenant}/${namespace}`, whole: new RegExp(`^(?:${rest})$`) };
  } catch (cause) {
    const problem = `the topics pattern ${JSON.stringify(pattern)} is no regular expression`;
    throw new PulsarError('InvalidTopicName', problem, { cause });
  }
}

const PARTITION_SUFFIX = /-partition-\d+$/;

/**
 * All topics of a namespace whose name, without `domain://` and `-partition-N`, matches as a whole (PULSAR-WIRE 6). Throws `PulsarError`
 * InvalidTopicName for what is no such pattern.
 */
export function patternTopics(
  context: ClientContext,
  { pattern, mode, refreshMs }: { readonly pattern: string; readonly mode: TopicsMode; readonly refreshMs: number },
): TopicSource {
  const { namespace, whole } = readPattern(pattern);
  const list = async () => {
    const all = await untilDone(context.operationTimeoutMs, (signal) =>
      topicsOfNamespace(context.pool, namespace, mode, requestOptions(context, signal)),
    );
    const names = new Set(all.map((name) => name.replace(PARTITION_SUFFIX, '')));
    const matching = [...names].filter((name) => whole.test(name.slice(name.indexOf('://') + 3)));
    return concreteTopics(context, matching, false);
  };
  return { list, refreshMs, isPattern: true };
}
