import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type {
  CommandFields,
  CommandInput,
  CommandName,
  MessageMetadataInput,
} from '../../../src/pulsar/protocol/index.ts';
import {
  type Command,
  decodeFrame,
  encodeCommand,
  encodePayload,
  encodeSend,
  FrameDecoder,
  MessageMetadata,
  parsePayload,
} from '../../../src/pulsar/protocol/index.ts';

/** What a test sends: one entry. */
export interface TestEntry {
  readonly sequenceId: number;
  readonly highestSequenceId?: number;
  readonly producerName?: string;
  readonly payload?: string;
  /** The payload does not fit its checksum. */
  readonly isCorrupt?: boolean;
  readonly metadata?: Partial<MessageMetadataInput>;
  readonly send?: Partial<CommandInput<'SEND'>>;
}

/** A received MESSAGE. */
export interface TestMessage {
  readonly fields: CommandFields<'MESSAGE'>;
  readonly id: string;
  readonly text: string;
}

interface Waiter {
  readonly matches: (command: Command) => boolean;
  readonly resolve: (frame: Received) => void;
  readonly reject: (error: Error) => void;
}

interface Received {
  readonly command: Command;
  readonly payload: Buffer | undefined;
}

/** The least client that can test a broker: sends frames, waits for frames by type or request id. */
export class WireClient {
  /** A frozen client answers no PING. */
  isFrozen = false;
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder();
  readonly closed: Promise<unknown>;
  #received: Received[] = [];
  #waiters: Waiter[] = [];
  #requestId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = once(socket, 'close').then(() => this.#rejectAll());
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const frame of this.#decoder.push(chunk)) this.#take(frame);
    });
  }

  /** Connects and shakes hands. */
  static async open(port: number, clientVersion = 'test'): Promise<WireClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new WireClient(socket);
    client.send('CONNECT', { clientVersion, protocolVersion: 21 });
    await client.next('CONNECTED');
    return client;
  }

  send<N extends CommandName>(type: N, fields: CommandInput<N>): void {
    this.#socket.write(encodeCommand(type, fields));
  }

  /** Sends entries in one write, so that they arrive in one turn. */
  publish(producerId: number, ...entries: TestEntry[]): void {
    this.#socket.write(Buffer.concat(entries.flatMap((entry) => entryFrame(producerId, entry))));
  }

  /** Sends raw bytes. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends a request and waits for whatever answers its id. */
  async request<N extends CommandName>(type: N, fields: Omit<CommandInput<N>, 'requestId'>): Promise<Command> {
    const requestId = ++this.#requestId;
    this.send(type, { ...fields, requestId } as unknown as CommandInput<N>);
    const { command } = await this.#wait(
      (answer) => 'fields' in answer && 'requestId' in answer.fields && answer.fields.requestId === requestId,
    );
    return command;
  }

  /** The next command of a type, already received or to come. */
  async next<N extends CommandName>(type: N): Promise<CommandFields<N>> {
    const { command } = await this.#wait(({ type: other }) => other === type);
    return (command as unknown as { fields: CommandFields<N> }).fields;
  }

  /** The next MESSAGE. */
  async message(): Promise<TestMessage> {
    const { command, payload } = await this.#wait(({ type }) => type === 'MESSAGE');
    const { fields } = command as { fields: CommandFields<'MESSAGE'> };
    const parsed = parsePayload(payload as Buffer);
    if (!parsed.checksumOk) throw new Error('wrong checksum');
    return { fields, id: `${fields.messageId.ledgerId}:${fields.messageId.entryId}`, text: parsed.payload.toString() };
  }

  /** Texts of the next messages. */
  async texts(count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) texts.push((await this.message()).text);
    return texts;
  }

  /** Number of MESSAGEs that were received and not taken, after everything the broker had to send was received. */
  async pendingMessages(): Promise<number> {
    for (let i = 0; i < 3; i++) await this.request('LOOKUP', { topic: 'x' });
    return this.#received.filter(({ command }) => command.type === 'MESSAGE').length;
  }

  async producer(topic: string, producerName: string, producerId = 1): Promise<CommandFields<'PRODUCER_SUCCESS'>> {
    const answer = await this.request('PRODUCER', { topic, producerId, producerName });
    return fieldsOf(answer, 'PRODUCER_SUCCESS');
  }

  async subscribe(fields: Partial<CommandInput<'SUBSCRIBE'>> & { topic: string }, permits = 1000): Promise<void> {
    const consumerId = fields.consumerId ?? 1;
    const answer = await this.request('SUBSCRIBE', {
      subscription: 's',
      subType: 0,
      consumerId,
      initialPosition: 1,
      ...fields,
    });
    fieldsOf(answer, 'SUCCESS');
    if (permits > 0) this.send('FLOW', { consumerId, messagePermits: permits });
  }

  ack(message: TestMessage, fields: Partial<CommandInput<'ACK'>> = {}): void {
    const { ledgerId, entryId } = message.fields.messageId;
    this.send('ACK', {
      consumerId: message.fields.consumerId,
      ackType: 0,
      messageId: [{ ledgerId, entryId }],
      ...fields,
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(frame: Buffer): void {
    const { command, headersAndPayload: payload } = decodeFrame(frame);
    if (command.type === 'PING' && !this.isFrozen) this.send('PONG', {});
    const waiter = this.#waiters.find(({ matches }) => matches(command));
    if (waiter) {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      waiter.resolve({ command, payload });
    } else this.#received.push({ command, payload });
  }

  #wait(matches: Waiter['matches']): Promise<Received> {
    const found = this.#received.find(({ command }) => matches(command));
    if (found) {
      this.#received = this.#received.filter((other) => other !== found);
      return Promise.resolve(found);
    }
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) reject(new Error('the connection is closed'));
      this.#waiters.push({ matches, resolve, reject });
    });
  }

  #rejectAll(): void {
    for (const { reject } of this.#waiters) reject(new Error('the connection is closed'));
    this.#waiters = [];
  }
}

/** Fields of a command that must be of this type; throws with the error text when it is not. */
export function fieldsOf<N extends CommandName>(command: Command, type: N): CommandFields<N> {
  if (command.type === type) return (command as unknown as { fields: CommandFields<N> }).fields;
  const text = command.type === 'ERROR' ? `ERROR ${command.fields.error}: ${command.fields.message}` : command.type;
  throw new Error(`expected ${type}, got ${text}`);
}

function entryFrame(producerId: number, entry: TestEntry): Uint8Array[] {
  const { sequenceId, highestSequenceId, producerName = 'p', payload = `m${sequenceId}`, metadata, send } = entry;
  const encoded = MessageMetadata.encode({
    producerName,
    sequenceId,
    highestSequenceId,
    publishTime: 1_000 + sequenceId,
    ...metadata,
  });
  const frame = encodeSend({ producerId, sequenceId, highestSequenceId, ...send }, encoded, Buffer.from(payload));
  if (!entry.isCorrupt) return frame;
  const bytes = Buffer.concat(frame);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return [bytes];
}

/** Bytes as SEND carries them, for comparisons. */
export function storedBytes(entry: TestEntry): Buffer {
  const { sequenceId, producerName = 'p', payload = `m${sequenceId}` } = entry;
  return encodePayload(
    MessageMetadata.encode({ producerName, sequenceId, publishTime: 1_000 + sequenceId }),
    Buffer.from(payload),
  );
}
