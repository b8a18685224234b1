import { compareMessageIds, type MessageIdParts } from '../../core/message-id.ts';
import type { Connection } from '../network/connection.ts';
import type { RequestOptions } from '../network/request-table.ts';
import type { MessageIdData } from '../protocol/index.ts';

/** Last message of a topic, and the end of what a subscription has acknowledged without gaps. */
export interface TopicEnd {
  readonly last: MessageIdParts;
  readonly markDelete?: MessageIdParts;
}

/** Place of the newest message that was taken, or where reading starts; `id` undefined: where the cursor is. */
export interface ReadingPosition {
  readonly id: MessageIdParts | undefined;
  readonly isInclusive: boolean;
}

function toParts({ ledgerId, entryId, partition, batchIndex }: MessageIdData): MessageIdParts {
  return { ledgerId, entryId, partition, batchIndex: batchIndex ?? -1 };
}

/** Asks the broker for the end of a consumer's topic. */
export async function askTopicEnd(
  connection: Connection,
  consumerId: number,
  request: RequestOptions,
): Promise<TopicEnd> {
  const answer = await connection.request(
    'GET_LAST_MESSAGE_ID',
    { consumerId },
    'GET_LAST_MESSAGE_ID_RESPONSE',
    request,
  );
  const markDelete = answer.consumerMarkDeletePosition;
  return { last: toParts(answer.lastMessageId), ...(markDelete && { markDelete: toParts(markDelete) }) };
}

/**
 * PULSAR-WIRE 3.9: the topic's last message, as last asked for, against what was taken last, the start, or (start latest, seek by time) the cursor.
 */
export function isBehind({ id, isInclusive }: ReadingPosition, { last, markDelete }: TopicEnd): boolean {
  if (last.entryId < 0) return false;
  if (id === undefined || id.ledgerId === Number.MAX_SAFE_INTEGER) {
    return markDelete === undefined || compareMessageIds({ ...last, batchIndex: -1 }, markDelete) > 0;
  }
  const difference = compareMessageIds(id.batchIndex < 0 ? { ...last, batchIndex: -1 } : last, id);
  return difference > 0 || (isInclusive && difference === 0);
}
