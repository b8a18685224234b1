import type middy from '@middy/core';
import type { PulsarIoError } from '../core/errors.ts';
import { formatMessageId } from '../core/message-id.ts';
import type { OutgoingMessage } from '../core/messaging.ts';
import { encodeValue } from './encode.ts';
import { pending, type SinkBatch, type SinkItem } from './sink-batch.ts';
import { type SourceBatch, type SourceItem, unsettled } from './source-batch.ts';

/** Properties that a dead letter carries besides the record's own; the first three are Pulsar's (`RetryMessageUtil`). */
export const DEAD_LETTER_PROPERTIES = {
  originMessageId: 'ORIGIN_MESSAGE_ID',
  realTopic: 'REAL_TOPIC',
  realSubscription: 'REAL_SUBSCRIPTION',
  errorCode: 'pulsar-io.error',
  version: 'pulsar-io.version',
  sourcePartition: 'pulsar-io.source-partition',
} as const;

/**
 * Moves what the target will never take, or did not take in `maxRetries` attempts, to the dead-letter topic. Where letters are deduplicated by their
 * place in the log, only once all before it is settled: an older one that came later would be taken for known (rule 38).
 * Other failures are forgotten, so that the next pass tries again; only a message that could not be read is not read again.
 */
export const deadLetterSink = (subscription: string): middy.MiddlewareObj<SinkBatch, void> => ({
  after: async ({ event: batch }): Promise<void> => {
    let mustWait = false;
    for (const item of pending(batch)) {
      if (item.error && batch.deadLetters && isExhausted(batch, item)) {
        if (mustWait) continue;
        await batch.deadLetters.publish(sinkLetter(batch, item, subscription));
        item.outcome = 'dead-lettered';
        continue;
      }
      mustWait = batch.deadLetters?.isDeduplicated === true;
      if (item.error?.code !== 'PIO_RECORD_UNREADABLE') delete item.error;
    }
  },
});

const isExhausted = ({ maxRetries }: SinkBatch, { error, attempts, record }: SinkItem): boolean =>
  error?.disposition === 'reject' || (maxRetries !== undefined && attempts + record.redeliveryCount > maxRetries);

const sinkLetter = ({ topic }: SinkBatch, { record, error }: SinkItem, subscription: string): OutgoingMessage => ({
  value: record.bytes,
  // The version rises along the log and a replay gives the same one: a sequence as rule 38 wants it.
  sequenceId: record.version,
  ...(record.key !== undefined && { key: record.key }),
  ...(record.eventTimeMs !== undefined && { eventTimeMs: record.eventTimeMs }),
  properties: {
    ...record.properties,
    [DEAD_LETTER_PROPERTIES.originMessageId]: formatMessageId(record.messageId),
    [DEAD_LETTER_PROPERTIES.realTopic]: topic,
    [DEAD_LETTER_PROPERTIES.realSubscription]: subscription,
    [DEAD_LETTER_PROPERTIES.errorCode]: (error as PulsarIoError).code,
    [DEAD_LETTER_PROPERTIES.version]: String(record.version),
  },
});

/**
 * Moves source records that cannot be published as they are to the dead-letter topic, after those before them have their receipts: in the order
 * of their sequences, by which the letters are deduplicated.
 */
export const deadLetterSource = (): middy.MiddlewareObj<SourceBatch, void> => ({
  after: async ({ event: batch }): Promise<void> => {
    for (const item of unsettled(batch)) {
      if (item.error?.disposition !== 'reject' || !batch.deadLetters) return;
      await batch.deadLetters.publish(sourceLetter(batch, item, await batch.deadLetters.maxMessageBytes()));
      item.outcome = 'dead-lettered';
    }
  },
});

/** A dead letter keeps so much of the payload, and of what the broker takes; the source still has all of it at the position named. */
const MAX_LETTER_BYTES = 1024 * 1024;
const LETTER_FILL = 0.5;

const sourceLetter = (
  batch: SourceBatch,
  { record, message, error }: SourceItem,
  maxMessageBytes: number,
): OutgoingMessage => {
  const value = message?.value ?? safeEncode(record.value);
  const maxBytes = Math.min(MAX_LETTER_BYTES, Math.floor(maxMessageBytes * LETTER_FILL));
  const fits = value === null || value.byteLength <= maxBytes;
  return {
    value: fits ? value : value.subarray(0, maxBytes),
    sequenceId: record.sequence,
    ...(record.key !== undefined && { key: record.key }),
    properties: {
      ...record.properties,
      [DEAD_LETTER_PROPERTIES.sourcePartition]: batch.sourcePartition,
      [DEAD_LETTER_PROPERTIES.errorCode]: (error as PulsarIoError).code,
      'pulsar-io.sequence': String(record.sequence),
      'pulsar-io.position': JSON.stringify(record.position),
      ...(!fits && { 'pulsar-io.truncated-from-bytes': String(value.byteLength) }),
    },
  };
};

const safeEncode = (value: unknown): Uint8Array | null => {
  try {
    return encodeValue(value);
  } catch {
    return null;
  }
};
