import type { Connector } from '../../core/connector.ts';
import { deadLetterTopicOf } from '../../core/dead-letter-rules.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { deadLetterSubscription } from '../../core/names.ts';
import { runtimeOptions } from '../../core/runtime-options.ts';
import { inParallel } from '../in-parallel.ts';
import type { Call } from '../operation.ts';
import { requirePulsar, sinkTopics } from './sink-topics.ts';

/** A dead-letter topic of a connector. */
export interface LetterTopic {
  readonly topic: string;
  readonly subscription: string;
  /** Letters that were neither sent back nor dropped; where several connectors share the topic, theirs are counted, too, until a redrive has passed them. */
  readonly count: number;
}

/** The dead-letter topics of a connector. Throws `PIO_REQUEST_INVALID` when it has none. */
export const letterTopics = async (call: Call, connector: Connector): Promise<LetterTopic[]> => {
  const topics = [...new Set(await namesOf(call, connector))];
  if (topics.length === 0) {
    const how =
      connector.kind === 'sink' ? 'maxMessageRetries and deadLetterTopic' : '"deadLetterTopic" in customRuntimeOptions';
    throw new PulsarIoError(
      'PIO_REQUEST_INVALID',
      `This ${connector.kind} has no dead-letter topic; it gets one by ${how}`,
    );
  }
  const subscription = deadLetterSubscription(connector.uid);
  return inParallel(topics, async (topic) => {
    const stats = await requirePulsar(call).topicStats(topic, call.signal);
    return { topic, subscription, count: stats?.subscriptions[subscription]?.msgBacklog ?? 0 };
  });
};

const namesOf = async (call: Call, connector: Connector): Promise<string[]> => {
  if (connector.kind === 'source') {
    const { deadLetterTopic } = runtimeOptions(connector.config);
    return deadLetterTopic ? [deadLetterTopic] : [];
  }
  const { config } = connector;
  const topics = await sinkTopics(call, connector);
  return topics.flatMap((topic) => deadLetterTopicOf(config, topic) ?? []);
};
