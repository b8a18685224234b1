import type { PulsarError } from '../errors.ts';
import type { CommandFields } from '../protocol/index.ts';

/** What a producer hears from its connection. After `onDisconnected` nothing more comes. */
export interface ProducerListener {
  /** An entry was stored, or the broker had it already (message id -1:-1). */
  onReceipt(receipt: CommandFields<'SEND_RECEIPT'>): void;
  /** An entry was refused; `sequenceId` is its highest. */
  onSendError(error: CommandFields<'SEND_ERROR'>): void;
  /** The broker closed the producer; the connection stays. */
  onClosedByBroker(close: CommandFields<'CLOSE_PRODUCER'>): void;
  /** The topic has moved to another cluster; the broker closes the producer next. */
  onMigrated?(migration: CommandFields<'TOPIC_MIGRATED'>): void;
  /** The connection ended, with `error` as the reason. */
  onDisconnected(error: PulsarError): void;
}

/** What a consumer hears from its connection. After `onDisconnected` nothing more comes. */
export interface ConsumerListener {
  /** An entry; `headersAndPayload` is a view of the received bytes. */
  onMessage(message: CommandFields<'MESSAGE'>, headersAndPayload: Buffer): void;
  /** The broker closed the consumer; the connection stays. */
  onClosedByBroker(close: CommandFields<'CLOSE_CONSUMER'>): void;
  /** The topic has moved to another cluster; the broker closes the consumer next. */
  onMigrated?(migration: CommandFields<'TOPIC_MIGRATED'>): void;
  /** On Failover: this consumer now receives, or no longer does. */
  onActiveChange?(isActive: boolean): void;
  /** The connection ended, with `error` as the reason. */
  onDisconnected(error: PulsarError): void;
}
