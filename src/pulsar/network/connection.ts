import type { Socket } from 'node:net';
import { PulsarError } from '../errors.ts';
import {
  type AuthData,
  type Command,
  type CommandFields,
  type CommandInput,
  type CommandName,
  DEFAULT_MAX_MESSAGE_BYTES,
  decodeFrame,
  encodeCommand,
  encodeHead,
  FRAME_PADDING_BYTES,
  FrameDecoder,
  PROTOCOL_VERSION,
  ProtocolError,
  ResourceType,
  serverErrorName,
} from '../protocol/index.ts';
import type { Authentication } from './authentication.ts';
import type { ConsumerListener, ProducerListener } from './connection-listeners.ts';
import { CorkedSocket } from './corked-socket.ts';
import { openSocket, type TlsSettings } from './open-socket.ts';
import { type RequestOptions, RequestTable } from './request-table.ts';
import { type Address, addressText } from './service-url.ts';

/** Name that brokers show in their stats; the prefix tells who we are (PULSAR-WIRE 3.0). */
export const CLIENT_VERSION = 'Pulsar-IO-Serverless-v0.1.0';

/** Where a connection goes, who we say we are, and how long its peer may be silent. */
export interface ConnectionOptions {
  /** Where the TCP connection goes. */
  readonly address: Address;
  /** `host:port` of the broker to reach when `address` is a proxy. */
  readonly proxyToBrokerUrl?: string | undefined;
  readonly authentication: Authentication;
  readonly tls: TlsSettings;
  /** Limit of TCP, TLS and CONNECT together. */
  readonly connectionTimeoutMs: number;
  /** Interval of PINGs; a connection that heard nothing between two of them ends. */
  readonly keepAliveMs: number;
}

/** Requests: commands with a `requestId` that we send. */
type RequestName = {
  [N in CommandName]: 'requestId' extends keyof CommandInput<N> ? N : never;
}[CommandName];

function credentialsError(what: string, cause: unknown): PulsarError {
  return cause instanceof PulsarError ? cause : new PulsarError('ErrorGettingAuthenticationData', what, { cause });
}

/**
 * One TCP connection to a broker: handshake, keep-alive, requests and their answers, and the way of everything else to the
 * producer or consumer it is for. It ends once, for any reason, and never comes back.
 */
export class Connection {
  readonly options: ConnectionOptions;
  /** Resolves, never rejects, with the reason when the connection has ended. */
  readonly closed: Promise<PulsarError>;
  maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES;
  readonly producers = new Map<number, ProducerListener>();
  readonly consumers = new Map<number, ConsumerListener>();
  private readonly socket: CorkedSocket;
  private readonly requests = new RequestTable();
  private readonly decoder = new FrameDecoder();
  private readonly handshake = Promise.withResolvers<void>();
  private readonly ended = Promise.withResolvers<PulsarError>();
  private endReason: PulsarError | undefined;
  private keepAliveTimer: NodeJS.Timeout | undefined;
  private isPingUnanswered = false;

  private constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = new CorkedSocket(socket);
    this.options = options;
    this.closed = this.ended.promise;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.onData(chunk));
    socket.on('error', (cause) => this.destroy(this.disconnected('failed', cause)));
    socket.on('close', () => this.destroy(this.disconnected('was closed')));
  }

  /**
   * Connects and shakes hands. Rejects with ConnectError when that cannot be done within `connectionTimeoutMs`, or with the
   * broker's refusal (AuthenticationError, …).
   */
  static async open(options: ConnectionOptions, signal?: AbortSignal): Promise<Connection> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new Error('timed out')), options.connectionTimeoutMs);
    const either = signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal]);
    let connection: Connection | undefined;
    const onAbort = () => connection?.destroy(connection.connectFailed('was not made in time', either.reason));
    either.addEventListener('abort', onAbort);
    try {
      const socket = await openSocket(options.address, options.tls, options.authentication, either);
      connection = new Connection(socket, options);
      if (either.aborted) onAbort();
      await connection.shakeHands();
      return connection;
    } finally {
      clearTimeout(timer);
      either.removeEventListener('abort', onAbort);
    }
  }

  get isOpen(): boolean {
    return this.endReason === undefined;
  }

  private connectFailed(what: string, cause?: unknown): PulsarError {
    return new PulsarError('ConnectError', `the connection to ${addressText(this.options.address)} ${what}`, { cause });
  }

  private disconnected(what: string, cause?: unknown): PulsarError {
    return new PulsarError('Disconnected', `the connection to ${addressText(this.options.address)} ${what}`, { cause });
  }

  private async shakeHands(): Promise<void> {
    const { authentication, proxyToBrokerUrl } = this.options;
    this.handshake.promise.catch(() => undefined);
    try {
      const authData = await authentication.credentials({ isRenewal: false, tls: this.options.tls });
      this.send('CONNECT', {
        clientVersion: CLIENT_VERSION,
        authMethodName: authentication.methodName,
        authData,
        protocolVersion: PROTOCOL_VERSION,
        proxyToBrokerUrl,
        featureFlags: { supportsAuthRefresh: true },
      });
    } catch (cause) {
      this.destroy(credentialsError('the credentials cannot be read', cause));
    }
    await this.handshake.promise;
    this.keepAliveTimer = setInterval(() => this.keepAlive(), this.options.keepAliveMs);
    this.keepAliveTimer.unref();
  }

  private keepAlive(): void {
    if (this.isPingUnanswered) {
      this.destroy(this.disconnected('did not answer a ping'));
      return;
    }
    this.isPingUnanswered = true;
    this.send('PING', {});
  }

  /**
   * Sends a request and waits for its answer. Rejects with the broker's error, TimeOut, Aborted, or the reason why the
   * connection ended.
   */
  async request<N extends RequestName, A extends CommandName>(
    type: N,
    fields: Omit<CommandInput<N>, 'requestId'>,
    answerType: A,
    options: RequestOptions,
  ): Promise<CommandFields<A>> {
    const answer = await this.requests.issue(type, options, (requestId) =>
      this.send(type, { ...fields, requestId } as CommandInput<N>),
    );
    if (answer.type === answerType) return (answer as unknown as { fields: CommandFields<A> }).fields;
    throw new ProtocolError(`${type} was answered by ${answer.type}`);
  }

  /** Writes a command that has no answer. Throws the reason when the connection has ended. */
  send<N extends CommandName>(type: N, fields: CommandInput<N>): void {
    this.write(encodeCommand(type, fields));
  }

  /** Writes SEND around headers and payload (made by `encodePayload`), which must not be changed afterwards. */
  sendPayload(fields: CommandInput<'SEND'>, headersAndPayload: readonly Uint8Array[]): void {
    let size = 0;
    for (const part of headersAndPayload) size += part.length;
    this.write(encodeHead('SEND', fields, size));
    for (const part of headersAndPayload) this.write(part);
  }

  private write(bytes: Uint8Array): void {
    if (this.endReason !== undefined) throw this.endReason;
    this.socket.write(bytes);
  }

  private onData(chunk: Buffer): void {
    this.isPingUnanswered = false;
    try {
      for (const frame of this.decoder.push(chunk)) {
        if (this.endReason !== undefined) return;
        const { command, headersAndPayload } = decodeFrame(frame);
        this.handle(command, headersAndPayload);
      }
    } catch (cause) {
      const error = cause instanceof PulsarError ? cause : this.disconnected('failed in a handler', cause);
      this.destroy(error);
    }
  }

  private handle(command: Command, headersAndPayload: Buffer | undefined): void {
    switch (command.type) {
      case 'MESSAGE':
        this.consumers.get(command.fields.consumerId)?.onMessage(command.fields, headersAndPayload as Buffer);
        return;
      case 'SEND_RECEIPT':
        this.producers.get(command.fields.producerId)?.onReceipt(command.fields);
        return;
      case 'SEND_ERROR':
        this.producers.get(command.fields.producerId)?.onSendError(command.fields);
        return;
      case 'PING':
        this.send('PONG', {});
        return;
      case 'CONNECTED':
        this.onConnected(command.fields);
        return;
      case 'AUTH_CHALLENGE':
        this.answerChallenge(command.fields.challenge);
        return;
      case 'CLOSE_PRODUCER':
        this.onProducerClosed(command.fields);
        return;
      case 'CLOSE_CONSUMER':
        this.onConsumerClosed(command.fields);
        return;
      case 'TOPIC_MIGRATED':
        this.onMigrated(command.fields);
        return;
      case 'ACTIVE_CONSUMER_CHANGE':
        this.consumers.get(command.fields.consumerId)?.onActiveChange?.(command.fields.isActive === true);
        return;
      default:
        this.handleAnswer(command);
    }
  }

  private handleAnswer(command: Command): void {
    if (command.type === 'UNKNOWN' || !('requestId' in command.fields)) return;
    const { requestId } = command.fields;
    if (command.type === 'ERROR' && requestId === -1) {
      this.destroy(new PulsarError(serverErrorName(command.fields.error), command.fields.message));
    } else if (typeof requestId === 'number') this.requests.answer(requestId, command);
  }

  private onConnected({ maxMessageSize }: CommandFields<'CONNECTED'>): void {
    if (maxMessageSize !== undefined && maxMessageSize > 0) {
      this.maxMessageBytes = maxMessageSize;
      this.decoder.maxFrameBytes = maxMessageSize + FRAME_PADDING_BYTES;
    }
    this.handshake.resolve();
  }

  private onProducerClosed(close: CommandFields<'CLOSE_PRODUCER'>): void {
    const producer = this.producers.get(close.producerId);
    this.producers.delete(close.producerId);
    producer?.onClosedByBroker(close);
  }

  private onMigrated(migration: CommandFields<'TOPIC_MIGRATED'>): void {
    const listeners = migration.resourceType === ResourceType.Producer ? this.producers : this.consumers;
    listeners.get(migration.resourceId)?.onMigrated?.(migration);
  }

  private onConsumerClosed(close: CommandFields<'CLOSE_CONSUMER'>): void {
    const consumer = this.consumers.get(close.consumerId);
    this.consumers.delete(close.consumerId);
    consumer?.onClosedByBroker(close);
  }

  private async answerChallenge(challenge: AuthData | undefined): Promise<void> {
    const { authentication } = this.options;
    try {
      const renewed = await authentication.credentials({ isRenewal: true, tls: this.options.tls });
      const authData = renewed ?? Buffer.alloc(0);
      const authMethodName = challenge?.authMethodName ?? authentication.methodName;
      this.send('AUTH_RESPONSE', {
        clientVersion: CLIENT_VERSION,
        response: { authMethodName, authData },
        protocolVersion: PROTOCOL_VERSION,
      });
    } catch (cause) {
      this.destroy(credentialsError('the credentials cannot be renewed', cause));
    }
  }

  /** Ends the connection at once: nothing that is still buffered is sent, every wait rejects with `reason`. */
  destroy(reason: PulsarError = new PulsarError('AlreadyClosed', 'the connection was closed by this client')): void {
    if (this.endReason !== undefined) return;
    this.endReason = reason;
    clearInterval(this.keepAliveTimer);
    this.socket.discard();
    this.handshake.reject(reason);
    this.requests.rejectAll(reason);
    const listeners = [...this.producers.values(), ...this.consumers.values()];
    this.producers.clear();
    this.consumers.clear();
    for (const listener of listeners) listener.onDisconnected(reason);
    this.ended.resolve(reason);
  }

  /** Sends what is buffered, then ends the connection; waits at most `timeoutMs`. */
  async end(timeoutMs: number): Promise<void> {
    if (this.endReason !== undefined) return;
    const timer = setTimeout(() => this.destroy(), timeoutMs);
    await Promise.race([this.closed, this.socket.end()]);
    clearTimeout(timer);
    this.destroy();
  }
}
