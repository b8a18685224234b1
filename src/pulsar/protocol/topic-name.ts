import { type TopicName, topicNameOrProblem } from '../../core/topic-name.ts';
import { PulsarError } from '../errors.ts';

/** {@link topicNameOrProblem}, which says what is taken. Throws `PulsarError` InvalidTopicName with what is wrong. */
export function parseTopicName(name: string): TopicName {
  const topic = topicNameOrProblem(name);
  if (typeof topic !== 'string') return topic;
  throw new PulsarError('InvalidTopicName', `${JSON.stringify(name)} is not a topic name: ${topic}`);
}
