import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import { AckType, type MessageIdInput, ValidationError } from '../protocol/index.ts';
import { ackAndWait, sendAcks } from './ack-commands.ts';
import { AckGrouping } from './ack-grouping.ts';
import type { ChunkedMessages } from './chunked-messages.ts';
import { type ClientContext, requestOptions } from './client-context.ts';
import type { CorruptEntry } from './decode-entry.ts';
import type { Redeliveries } from './redeliveries.ts';
import type { ConsumerStats } from './stats.ts';
import { canOnlyRewind, type TopicConsumerOptions } from './topic-consumer-options.ts';
import { type TransactionId, transactionalAckId, transactionFields } from './transaction-id.ts';

/** What acknowledging needs of its consumer. */
export interface TopicAcksHost {
  readonly context: ClientContext;
  readonly options: TopicConsumerOptions;
  readonly consumerId: number;
  readonly stats: ConsumerStats | undefined;
  /** Undefined while not attached. */
  readonly connection: () => Connection | undefined;
  readonly chunked: () => ChunkedMessages;
  readonly redeliveries: () => Redeliveries;
}

/** The acknowledgements of one topic's consumer, of all kinds. */
export class TopicAcks {
  readonly grouping: AckGrouping;
  private readonly host: TopicAcksHost;

  constructor(host: TopicAcksHost) {
    this.host = host;
    const { isBatchIndexAck, isAckReceipt } = host.options;
    this.grouping = new AckGrouping({
      isBatchIndexAck,
      isReceipt: isAckReceipt,
      send: (ackType, ids) => this.send(ackType, ids),
    });
  }

  /** Acknowledges one message; with receipts a promise of the broker's answer. */
  acknowledge(id: MessageIdParts): Promise<unknown> | undefined {
    const { host, grouping } = this;
    host.redeliveries().settled(id);
    host.redeliveries().deadLetters?.forget(id);
    host.stats?.acknowledged(AckType.Individual);
    if (id.firstChunk === undefined) return grouping.add(id);
    return Promise.all(
      host
        .chunked()
        .entriesOf([id])
        .map((entry) => grouping.add(entry)),
    );
  }

  /** Acknowledges everything up to a message, but never a chunk of one that is not complete. */
  async acknowledgeCumulative(id: MessageIdParts): Promise<void> {
    const { host } = this;
    this.requireCumulative();
    host.redeliveries().settledThrough(id);
    host.stats?.acknowledged(AckType.Cumulative);
    await this.grouping.addCumulative(host.chunked().limitCumulative(id));
  }

  /** Acknowledges within a transaction, at once; rejects with TransactionConflict when another has acknowledged the message. */
  async acknowledgeIn(
    connection: Connection,
    transaction: TransactionId,
    id: MessageIdParts,
    isCumulative: boolean,
  ): Promise<void> {
    const { context, consumerId, stats } = this.host;
    if (isCumulative) this.requireCumulative();
    const chunked = this.host.chunked();
    const ids = isCumulative ? [chunked.limitCumulative(id)] : chunked.entriesOf([id]);
    const fields = {
      consumerId,
      ackType: isCumulative ? AckType.Cumulative : AckType.Individual,
      messageId: ids.map((entry) => transactionalAckId(entry, isCumulative)),
      ...transactionFields(transaction),
    };
    await ackAndWait(connection, fields, requestOptions(context));
    if (isCumulative) this.host.redeliveries().settledThrough(id);
    else this.host.redeliveries().settled(id);
    stats?.acknowledged(fields.ackType);
  }

  /** Acknowledges an entry that cannot be read, and says why. */
  refuse({ messageId: { ledgerId, entryId }, reason }: CorruptEntry): void {
    this.host.connection()?.send('ACK', {
      consumerId: this.host.consumerId,
      ackType: AckType.Individual,
      messageId: [{ ledgerId, entryId }],
      validationError: ValidationError[reason],
    });
  }

  private requireCumulative(): void {
    if (canOnlyRewind(this.host.options.subscriptionType)) return;
    throw new PulsarError('CumulativeAcknowledgementNotAllowedError', 'shared subscriptions acknowledge one by one');
  }

  private send(ackType: AckType, ids: readonly MessageIdInput[]): Promise<void> | undefined {
    const { context, consumerId, options } = this.host;
    const connection = this.host.connection();
    if (connection === undefined || !connection.isOpen) return undefined;
    const request = options.isAckReceipt ? requestOptions(context) : undefined;
    return sendAcks(connection, { consumerId, ackType, messageId: ids }, request);
  }
}
