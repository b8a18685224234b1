import { formatMessageId } from '../core/message-id.ts';
import type { SinkRecord } from '../core/record.ts';

/** How error messages name a record: topic and message id, never its payload. */
export const recordId = ({ topic, messageId }: Pick<SinkRecord, 'topic' | 'messageId'>): string =>
  `${topic} ${formatMessageId(messageId)}`;
