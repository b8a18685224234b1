import { createHash } from 'node:crypto';
import { formatMessageId, type MessageIdParts } from '../../core/message-id.ts';
import type { SinkRecord } from '../../core/record.ts';
import type { Token } from '../../core/token.ts';
import { topicNameOrProblem } from '../../core/topic-name.ts';
import { formatOf, type S3SinkConfig } from './sink-config.ts';
import { durationMs, timePattern } from './time-path.ts';

/**
 * Name of the object of these records, the first of which decides on its folder: prefix, tenant/namespace/topic, partition, time; then that record's id, so that names sort
 * as the log does, and a digest of all ids. The same records have the same name, unless a run's token makes it a name of its own.
 */
export const objectName = (records: readonly SinkRecord[], config: S3SinkConfig, token?: Token): string => {
  const first = records[0] as SinkRecord;
  const ids = records.map(({ topic, messageId }) => `${topic} ${formatMessageId(messageId)}`).join('\n');
  const salt = token ? `${token.generation} ${token.epoch}` : '';
  const digest = createHash('sha256').update(`${salt}\n${ids}`).digest('hex').slice(0, 12);
  const folders = [...topicFolders(first.topic, config), ...timeFolders(first, config)];
  const extension = `${formatOf(config)}${config.compression === 'gzip' ? '.gz' : ''}`;
  return `${config.pathPrefix}${[...folders, `${sortable(first.messageId)}-${digest}.${extension}`].join('/')}`;
};

const sortable = ({ ledgerId, entryId, batchIndex }: MessageIdParts): string =>
  [
    String(ledgerId).padStart(12, '0'),
    String(entryId).padStart(10, '0'),
    String(Math.max(batchIndex, 0)).padStart(5, '0'),
  ].join('-');

const topicFolders = (topic: string, config: S3SinkConfig): string[] => {
  const name = topicNameOrProblem(topic);
  if (typeof name === 'string') return [encodeURIComponent(topic)];
  const { tenant, namespace, localName, partition } = name;
  const whole = partition < 0 ? localName : localName.slice(0, localName.lastIndexOf('-partition-'));
  const isNumbered = partition >= 0 && config.withTopicPartitionNumber;
  const topicName = isNumbered && !config.sliceTopicPartitionPath ? localName : whole;
  const named = config.partitionerWithTopicName ? [tenant, namespace, encodeURIComponent(topicName)] : [];
  return [...named, ...(isNumbered && config.sliceTopicPartitionPath ? [String(partition)] : [])];
};

const timeFolders = ({ publishTimeMs }: SinkRecord, config: S3SinkConfig): string[] => {
  if (config.partitionerType.toLowerCase() !== 'time') return [];
  const spanMs = durationMs(config.timePartitionDuration);
  const path = timePattern(config.timePartitionPattern);
  return path ? [path(Math.floor(publishTimeMs / spanMs) * spanMs)] : [];
};
