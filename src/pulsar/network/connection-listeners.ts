import type { PulsarError } from '../errors.ts';
import type { CommandFields } from '../protocol/index.ts';

/** What a producer hears from its connection. After `onDisconnected` nothing more comes. */
export interface ProducerListener {
  onReceipt(receipt: CommandFields<'SEND_RECEIPT'>): void;
  onSendError(error: CommandFields<'SEND_ERROR'>): void;
  /** The broker closed the producer; the connection stays. */
  onClosedByBroker(close: CommandFields<'CLOSE_PRODUCER'>): void;
  onDisconnected(error: PulsarError): void;
}

/** What a consumer hears from its connection. After `onDisconnected` nothing more comes. */
export interface ConsumerListener {
  onMessage(message: CommandFields<'MESSAGE'>, headersAndPayload: Buffer): void;
  /** The broker closed the consumer; the connection stays. */
  onClosedByBroker(close: CommandFields<'CLOSE_CONSUMER'>): void;
  onActiveChange?(isActive: boolean): void;
  onDisconnected(error: PulsarError): void;
}
