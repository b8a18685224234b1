import type { MessageIdParts } from '../../core/message-id.ts';

/**
 * Whether a message lies before the position that reading was to start from, as the broker always starts at whole entries
 * (PULSAR-WIRE 3.6.4). `start.batchIndex` -1 means the whole entry; earliest and latest leave nothing out.
 */
export function isBeforeStart(id: MessageIdParts, start: MessageIdParts, isInclusive: boolean): boolean {
  if (start.ledgerId === Number.MAX_SAFE_INTEGER) return false;
  if (id.ledgerId !== start.ledgerId) return id.ledgerId < start.ledgerId;
  if (id.entryId !== start.entryId) return id.entryId < start.entryId;
  if (start.batchIndex < 0 || id.batchIndex < 0) return !isInclusive;
  return isInclusive ? id.batchIndex < start.batchIndex : id.batchIndex <= start.batchIndex;
}
