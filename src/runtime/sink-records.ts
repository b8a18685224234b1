import { type Frontier, isSettled, nextVersion } from '../core/frontier.ts';
import { compareMessageIds, type MessageIdParts } from '../core/message-id.ts';
import type { IncomingMessage } from '../core/messaging.ts';
import type { SinkRecord } from '../core/record.ts';

/**
 * Turns the messages of one topic-partition into records: drops what lies at or below our own frontier or was handed on already, and gives each record its version.
 */
export class RecordReader {
  readonly #topic: string;
  #enqueued: MessageIdParts | undefined;
  #version: number;
  readonly #frontier: Frontier | undefined;

  /** `frontier` absent: nothing is filtered, the broker's acknowledgements decide. */
  constructor(topic: string, frontier: Frontier | undefined) {
    this.#topic = topic;
    this.#frontier = frontier;
    this.#version = frontier?.version ?? 0;
  }

  /** Records in log order. */
  toRecords(messages: readonly IncomingMessage[]): SinkRecord[] {
    const records: SinkRecord[] = [];
    for (const message of messages) {
      if (this.#frontier && this.#isPassed(message.messageId, this.#frontier)) continue;
      this.#enqueued = message.messageId;
      records.push(this.#toRecord(message));
    }
    return records;
  }

  #isPassed(id: MessageIdParts, frontier: Frontier): boolean {
    return isSettled(id, frontier) || (this.#enqueued !== undefined && compareMessageIds(id, this.#enqueued) <= 0);
  }

  #toRecord(message: IncomingMessage): SinkRecord {
    const { messageId, key, value, properties, publishTimeMs, eventTimeMs, producerName, sequenceId, redeliveryCount } =
      message;
    const { unreadable, isKeyBase64, schemaVersion } = message;
    return {
      topic: this.#topic,
      messageId,
      bytes: value,
      value,
      properties,
      publishTimeMs,
      producerName,
      sequenceId,
      redeliveryCount,
      version: this.#versionOf(message),
      ...(key !== undefined && { key }),
      ...(isKeyBase64 && { isKeyBase64 }),
      ...(schemaVersion !== undefined && { schemaVersion }),
      ...(eventTimeMs !== undefined && { eventTimeMs }),
      ...(unreadable !== undefined && { unreadable }),
    };
  }

  /** A chain along the log where order is certain (rule 28); elsewhere the same scale without memory, so that a later change of guarantee finds nothing newer. */
  #versionOf({ messageId, publishTimeMs }: IncomingMessage): number {
    if (!this.#frontier) return publishTimeMs * 1000 + Math.min(Math.max(messageId.batchIndex, 0), 999);
    this.#version = nextVersion(this.#version, publishTimeMs);
    return this.#version;
  }
}
