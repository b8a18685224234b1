import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { ClientContext } from './client-context.ts';
import { Reconnector } from './reconnector.ts';
import { TopicPlace } from './topic-place.ts';

/** Whom an attachment is of. */
export interface AttachmentHost {
  /** Registers on a connection to the topic's broker, and sets `Attachment.connection`; rejects when that failed. */
  readonly register: (connection: Connection, signal: AbortSignal) => Promise<void>;
  /** Coming back was given up for good. */
  readonly onGivenUp: (error: PulsarError) => void;
}

/** Where a producer or consumer of one topic is attached, and how it comes back there. */
export class Attachment {
  /** Undefined while not attached. */
  connection: Connection | undefined;
  private readonly place: TopicPlace;
  private readonly reconnector: Reconnector;

  constructor(context: ClientContext, topic: string, { register, onGivenUp }: AttachmentHost) {
    this.place = new TopicPlace(context, topic);
    this.reconnector = new Reconnector({
      attach: (signal) => this.place.attach(signal, register),
      onGivenUp,
      onRetry: ({ code, message }) =>
        context.log('WARN', `${topic} is not attached, trying again: ${code}: ${message}`),
      operationTimeoutMs: context.operationTimeoutMs,
    });
  }

  /** Why it is not attached, if that was tried; for the end of a sentence. */
  get trouble(): string {
    const { trouble } = this.reconnector;
    return trouble === undefined ? '' : `; not connected: ${trouble.code}: ${trouble.message}`;
  }

  /** First attachment; rejects at a fatal error or when the operation timeout has passed. */
  start(): Promise<void> {
    return this.reconnector.start();
  }

  /** Leaves the connection, which is given, if there is one; the broker is not told. */
  take(): Connection | undefined {
    const { connection } = this;
    this.connection = undefined;
    return connection;
  }

  /** Attaches again, at once or after a delay. */
  again(isImmediate: boolean): void {
    this.connection = undefined;
    this.reconnector.lost(isImmediate);
  }

  /** The broker closed the producer or consumer; attaches again, at once when it named another broker. */
  closedByBroker(close: Parameters<TopicPlace['closed']>[0], isImmediate = false): void {
    const isNamed = this.place.closed(close);
    this.again(isNamed || isImmediate);
  }

  /** The topic has moved to another cluster. */
  migrated(urls: Parameters<TopicPlace['migrated']>[0]): void {
    this.place.migrated(urls);
  }

  /** Never attaches again. */
  stop(): void {
    this.reconnector.stop();
  }

  /** The connection. Throws `PulsarError` NotConnected while not attached. */
  require(action: string): Connection {
    if (this.connection !== undefined) return this.connection;
    throw new PulsarError('NotConnected', `cannot ${action} while not connected`);
  }
}
