import type { Socket } from 'node:net';
import type { CommandInput, CommandName } from '../../pulsar/protocol/commands.ts';
import {
  decodeFrame,
  encodeCommand,
  encodePayloadCommand,
  FRAME_PADDING_BYTES,
  FrameDecoder,
} from '../../pulsar/protocol/frame.ts';
import type { Broker } from './broker.ts';
import { handleCommand } from './commands/index.ts';
import type { Consumer } from './dispatch/consumer.ts';
import { OutputBuffer } from './output-buffer.ts';
import type { Peer } from './peer.ts';
import type { Producer } from './producer.ts';
import type { Subscription } from './subscription.ts';
import type { Topic } from './topic.ts';

/** A producer with its topic, as a connection knows it. */
export interface ConnectedProducer {
  readonly producer: Producer;
  readonly topic: Topic;
}

/** A consumer with its subscription and topic, as a connection knows it. */
export interface ConnectedConsumer {
  readonly consumer: Consumer;
  readonly subscription: Subscription;
  readonly topic: Topic;
}

/** One client connection: cuts frames, hands commands on, and owns the ids that the client gave its producers and consumers. */
export class Connection implements Peer {
  readonly broker: Broker;
  readonly address: string;
  readonly localHost: string;
  readonly producers = new Map<number, ConnectedProducer>();
  readonly consumers = new Map<number, ConnectedConsumer>();
  /** Ids whose PRODUCER or SUBSCRIBE is being worked on; removed when the client closes them meanwhile. */
  readonly pendingProducers = new Set<number>();
  readonly pendingConsumers = new Set<number>();
  /** Producers that the broker closed: a SEND that was on its way is dropped. */
  readonly droppedProducers = new Set<number>();
  clientVersion = '';
  isHandshakeDone = false;
  readonly #socket: Socket;
  readonly #decoder: FrameDecoder;
  readonly #output: OutputBuffer;
  #isPingUnanswered = false;
  #probes: ((isAlive: boolean) => void)[] = [];

  constructor(socket: Socket, broker: Broker) {
    this.#socket = socket;
    this.broker = broker;
    this.address = `/${socket.remoteAddress}:${socket.remotePort}`;
    this.localHost = socket.localAddress ?? '127.0.0.1';
    this.#decoder = new FrameDecoder(broker.settings.maxMessageBytes + FRAME_PADDING_BYTES);
    this.#output = new OutputBuffer(socket, () => this.#drained());
    broker.connections.add(this);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#received(chunk));
    socket.on('error', (error) => broker.settings.log(`connection ${this.address}: ${error.message}`));
    socket.on('close', () => this.#closed());
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  get isWritable(): boolean {
    return this.#output.isWritable;
  }

  send<N extends CommandName>(type: N, fields: CommandInput<N>): void {
    this.#output.write(encodeCommand(type, fields));
  }

  sendEntry(fields: CommandInput<'MESSAGE'>, data: Uint8Array): void {
    const [head, payload] = encodePayloadCommand('MESSAGE', fields, data);
    this.#output.write(head);
    this.#output.write(payload);
  }

  /** Destroys the socket; what the connection held is released by its close event. */
  destroy(): void {
    this.#socket.destroy();
  }

  probe(): Promise<boolean> {
    if (!this.isOpen) return Promise.resolve(false);
    this.send('PING', {});
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.broker.settings.log(`connection ${this.address} did not answer a PING: closed`);
        this.#release();
        this.destroy();
      }, this.broker.settings.livenessCheckMs);
      this.#probes.push((isAlive) => {
        clearTimeout(timer);
        resolve(isAlive);
      });
    });
  }

  /** PONG: every waiting probe is answered. */
  answered(): void {
    this.#settleProbes(true);
  }

  /** One tick of the keep-alive: closes a connection that let a PING, or the handshake, wait for a whole tick. */
  keepAlive(): void {
    if (this.#isPingUnanswered) this.destroy();
    this.#isPingUnanswered = true;
    if (this.isHandshakeDone) this.send('PING', {});
  }

  dropProducer(producerId: number): void {
    if (!this.producers.delete(producerId)) return;
    this.droppedProducers.add(producerId);
    this.send('CLOSE_PRODUCER', { producerId, requestId: -1 });
  }

  forgetProducer(producerId: number): void {
    this.producers.delete(producerId);
  }

  dropConsumer(consumerId: number): void {
    if (this.consumers.delete(consumerId)) this.send('CLOSE_CONSUMER', { consumerId, requestId: -1 });
  }

  #received(chunk: Buffer): void {
    if (this.isHandshakeDone) this.#isPingUnanswered = false;
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (!this.isOpen) return;
        const { command, headersAndPayload } = decodeFrame(frame);
        handleCommand(this, command, headersAndPayload);
      }
    } catch (error) {
      this.broker.settings.log(
        `connection ${this.address} closed: ${error instanceof Error ? error.message : String(error)}`,
      );
      this.destroy();
    }
    if (this.#output.isOverfull) this.#socket.pause();
  }

  #drained(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
    for (const { subscription } of this.consumers.values()) subscription.wake();
  }

  #closed(): void {
    this.broker.connections.delete(this);
    this.#release();
  }

  /** Takes this connection's producers and consumers off their topics. */
  #release(): void {
    this.pendingProducers.clear();
    this.pendingConsumers.clear();
    for (const { producer, topic } of this.producers.values()) topic.removeProducer(producer);
    for (const { consumer, subscription, topic } of this.consumers.values())
      topic.removeConsumer(subscription, consumer);
    this.producers.clear();
    this.consumers.clear();
    this.#settleProbes(false);
  }

  #settleProbes(isAlive: boolean): void {
    const probes = this.#probes;
    this.#probes = [];
    for (const settle of probes) settle(isAlive);
  }
}
