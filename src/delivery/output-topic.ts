import { PulsarIoError } from '../core/errors.ts';
import type { MessageIdParts } from '../core/message-id.ts';
import type { MessagingProducer, OutgoingMessage, Receipt } from '../core/messaging.ts';
import { murmur3 } from '../core/murmur3.ts';
import type { PublishedTail } from '../core/progress.ts';
import type { SchemaDefinition } from '../core/schema/definition.ts';
import { partitionTopicName } from '../core/topic-name.ts';
import { type OutputShape, PLAIN_SHAPE } from './output-shape.ts';
import { routeFailure } from './pulsar-failure.ts';

/** Concrete topics of an output topic with that many partitions (0: not partitioned). */
export const concreteTopics = (topic: string, partitions: number): string[] =>
  partitions === 0 ? [topic] : Array.from({ length: partitions }, (_, index) => partitionTopicName(topic, index));

/**
 * The partition a message goes to: a pure function of key and sequence (GUARANTEES rules 6 and 14), as Pulsar's own source sink
 * routes: the key's Murmur3 hash, else the sequence, modulo the number of partitions.
 */
export const route = (message: OutgoingMessage, partitions: number): number =>
  partitions === 0 ? 0 : (message.key === undefined ? message.sequenceId : murmur3(message.key)) % partitions;

/** A producer of one concrete output topic and what is known to be published there. */
export interface Output {
  readonly topic: string;
  producer: MessagingProducer;
  /** L: the highest sequence the broker holds for our name; only EFFECTIVELY_ONCE reads it. */
  lastSequence: number;
  /** False until this generation has to publish something here: before that, where its entries will begin is written down. */
  isUsed: boolean;
  /** True once everything up to L is known to be durable (rule 5). */
  trusted: boolean;
  /** Id of the last entry with a receipt. */
  messageId: MessageIdParts | null;
  /** What the checkpoint said when it was opened; it stands until L is trusted. */
  readonly storedTail?: PublishedTail;
}

/** Told what has its receipt, and which message alone exceeds what the broker takes. */
export interface PublishProgress {
  published(messages: readonly OutgoingMessage[]): void;
  tooLarge(message: OutgoingMessage, error: PulsarIoError): void;
}

/** A message and where it goes: undefined is the connector's output topic. */
export interface RoutedMessage extends OutgoingMessage {
  readonly destination?: string | undefined;
  /** Registered with that topic before the message is published. */
  readonly schema?: SchemaDefinition | undefined;
}

/** A topic with one open producer for each of its concrete topics. */
export interface OpenedTopic {
  readonly outputs: readonly Output[];
  readonly partitions: number;
}

/** What the output topics of a connector are made of. */
export interface OutputOptions {
  readonly shape?: OutputShape;
  /** Destinations that are open already, by full name. */
  readonly destinations?: ReadonlyMap<string, OpenedTopic>;
  /** Opens a destination that a record names for the first time, of at most `room` topic-partitions: see {@link requireRoom}. Absent: there are none. */
  open?(topic: string, room: number): Promise<OpenedTopic>;
  /** Registers a schema with an open topic and answers its version. Absent: records' schemas are left out. */
  registerSchema?(topic: string, schema: SchemaDefinition): Promise<Uint8Array>;
}

/** The most topic-partitions that the records of one source partition may go to: each has a producer, and under EFFECTIVELY_ONCE a line in every checkpoint. */
export const MAX_OUTPUTS = 256;

/** Throws `PIO_SOURCE_RECORD_INVALID` where a destination of that many partitions would be one too many. */
export const requireRoom = (partitions: number, room: number): void => {
  if (Math.max(partitions, 1) <= room) return;
  throw new PulsarIoError(
    'PIO_SOURCE_RECORD_INVALID',
    `the record names another destination, but with it its source partition would publish to more than ${MAX_OUTPUTS} topic-partitions: route to fewer topics`,
  );
};

/** A connector's output topic, and the destinations that its records name, each with its producers. */
export class OutputTopics {
  /** What records become before they are published here. */
  readonly shape: OutputShape;
  readonly #home: OpenedTopic;
  readonly #destinations: Map<string, OpenedTopic>;
  readonly #opening = new Map<string, Promise<OpenedTopic>>();
  readonly #versions = new Map<OpenedTopic, WeakMap<SchemaDefinition, Uint8Array>>();
  readonly #options: OutputOptions;

  constructor(home: OpenedTopic, options: OutputOptions = {}) {
    this.#home = home;
    this.#destinations = new Map(options.destinations);
    this.#options = options;
    this.shape = options.shape ?? PLAIN_SHAPE;
  }

  /** All that are open. */
  get outputs(): readonly Output[] {
    return [this.#home, ...this.#destinations.values()].flatMap(({ outputs }) => outputs);
  }

  /** Partitions of the destinations that something was published to, by name. */
  get destinations(): Readonly<Record<string, number>> {
    const used = [...this.#destinations].filter(([, { outputs }]) => outputs.some(({ isUsed }) => isUsed));
    return Object.fromEntries(used.map(([topic, { partitions }]) => [topic, partitions]));
  }

  /**
   * The message as it is published: its destination is open, its schema registered there. Throws `PIO_SOURCE_RECORD_INVALID` where the destination would be one too many, and
   * what opening and registering throw.
   */
  async prepare(message: RoutedMessage): Promise<RoutedMessage> {
    const { destination, schema } = message;
    if (destination !== undefined && !this.#destinations.has(destination)) {
      const opening = this.#opening.get(destination) ?? this.#openOne(destination);
      this.#opening.set(destination, opening);
      this.#destinations.set(destination, await opening);
    }
    if (!schema || !this.#options.registerSchema) return message;
    return { ...message, schemaVersion: await this.#versionOf(schema, this.#topicOf(message)) };
  }

  async #openOne(destination: string): Promise<OpenedTopic> {
    const room = MAX_OUTPUTS - this.outputs.length;
    requireRoom(0, this.#options.open ? room : 0);
    return (this.#options as Required<OutputOptions>).open(destination, room);
  }

  async #versionOf(schema: SchemaDefinition, topic: OpenedTopic): Promise<Uint8Array> {
    const versions = this.#versions.get(topic) ?? new WeakMap<SchemaDefinition, Uint8Array>();
    this.#versions.set(topic, versions);
    const known = versions.get(schema);
    if (known) return known;
    const [{ topic: name }] = topic.outputs as readonly [Output];
    try {
      const version = await (this.#options as Required<OutputOptions>).registerSchema(name, schema);
      versions.set(schema, version);
      return version;
    } catch (cause) {
      throw routeFailure(cause, `registering the schema of records for ${name}`);
    }
  }

  #topicOf({ destination }: RoutedMessage): OpenedTopic {
    return destination === undefined ? this.#home : (this.#destinations.get(destination) as OpenedTopic);
  }

  /** Where a message goes, whose destination is open. */
  outputFor(message: RoutedMessage): Output {
    const topic = this.#topicOf(message);
    return topic.outputs[route(message, topic.partitions)] as Output;
  }

  /**
   * Publishes messages in order: one entry in flight per concrete topic (rule 3), topics side by side. Nothing is published to a topic behind
   * a message that is too large for it: once a later sequence is held there, the broker and we would take that message for published.
   * Rejects on the first entry without receipt, and then the session is over.
   */
  async publish(messages: readonly RoutedMessage[], progress: PublishProgress): Promise<void> {
    const lanes = new Map<Output, RoutedMessage[]>();
    for (const message of messages) {
      const output = this.outputFor(message);
      const lane = lanes.get(output);
      if (lane) lane.push(message);
      else lanes.set(output, [message]);
    }
    await Promise.all([...lanes].map(([output, lane]) => publishLane(output, lane, progress)));
  }
}

/** Bytes that the wire format adds to a message beyond value, key and properties; an estimate, the broker's limit is checked by the client. */
const MESSAGE_OVERHEAD_BYTES = 64;
/** Entries stay this far below the broker's limit, for the metadata around them. */
const ENTRY_FILL = 0.8;
const MAX_ENTRY_MESSAGES = 10_000;

const sizeOf = (message: OutgoingMessage): number => {
  let bytes = MESSAGE_OVERHEAD_BYTES + (message.value?.byteLength ?? 0) + (message.key?.length ?? 0);
  for (const name in message.properties) bytes += name.length + (message.properties[name] as string).length + 8;
  return bytes;
};

/** Publishes a lane entry by entry, up to the first message that is too large. */
const publishLane = async (
  output: Output,
  lane: readonly OutgoingMessage[],
  progress: PublishProgress,
): Promise<void> => {
  for (const entry of entriesOf(lane, output.producer.maxMessageBytes * ENTRY_FILL)) {
    if (!(await publishEntry(output, entry, progress))) return;
  }
};

/** Consecutive messages of one schema that are estimated to fit into one entry of `limit` bytes. */
function* entriesOf(lane: readonly OutgoingMessage[], limit: number): Generator<readonly OutgoingMessage[]> {
  let entry: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of lane) {
    const size = sizeOf(message);
    const isFull = bytes + size > limit || entry.length >= MAX_ENTRY_MESSAGES;
    if (entry.length > 0 && (isFull || entry[0]?.schemaVersion !== message.schemaVersion)) {
      yield entry;
      entry = [];
      bytes = 0;
    }
    entry.push(message);
    bytes += size;
  }
  if (entry.length > 0) yield entry;
}

/** False when a message of the entry is too large: those before it are published, those behind it are not. */
const publishEntry = async (
  output: Output,
  entry: readonly OutgoingMessage[],
  progress: PublishProgress,
): Promise<boolean> => {
  let receipt: Receipt;
  try {
    receipt = await output.producer.sendEntry(entry);
  } catch (cause) {
    const error = routeFailure(cause, `publishing to ${output.topic}`);
    if (error.code !== 'PIO_RECORD_TOO_LARGE') throw error;
    if (entry.length === 1) {
      progress.tooLarge(entry[0] as OutgoingMessage, error);
      return false;
    }
    const half = entry.length >> 1;
    return (
      (await publishEntry(output, entry.slice(0, half), progress)) &&
      (await publishEntry(output, entry.slice(half), progress))
    );
  }
  if (receipt.messageId === null) {
    throw new PulsarIoError(
      'PIO_PULSAR_REFUSED',
      `${output.topic} holds sequence ${receipt.lowestSequenceId} of producer ${output.producer.name} already; recovering what it holds`,
    );
  }
  output.lastSequence = receipt.highestSequenceId;
  output.trusted = true;
  output.messageId = receipt.messageId;
  progress.published(entry);
  return true;
};
