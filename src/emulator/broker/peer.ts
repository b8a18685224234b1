import type { CommandInput, CommandName } from '../../pulsar/protocol/commands.ts';

/** The client at the other end of a connection, as topics and dispatchers see it. */
export interface Peer {
  /** `/host:port`, as the admin REST prints it. */
  readonly address: string;
  readonly clientVersion: string;
  readonly isOpen: boolean;
  /** False while the socket's buffer is full: dispatchers then wait for `Dispatcher.wake`. */
  readonly isWritable: boolean;
  /** Writes a command without payload; nothing happens when the connection has ended. */
  send<N extends CommandName>(type: N, fields: CommandInput<N>): void;
  /** Sends a MESSAGE around a stored entry. */
  sendEntry(fields: CommandInput<'MESSAGE'>, data: Uint8Array): void;
  /** PINGs; resolves false, with the socket destroyed, when nothing came back in time or the connection ended. */
  probe(): Promise<boolean>;
  /** Forgets a producer that the broker closed, and tells the client. */
  dropProducer(producerId: number): void;
  /** Forgets a producer without telling the client. */
  forgetProducer(producerId: number): void;
  /** Forgets a consumer that the broker closed, and tells the client. */
  dropConsumer(consumerId: number): void;
}
