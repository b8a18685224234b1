import type { InputSpec } from '../core/connector.ts';
import { PulsarIoError } from '../core/errors.ts';
import { formatMessageId } from '../core/message-id.ts';
import type { MessagingSession } from '../core/messaging.ts';
import type { SinkRecord } from '../core/record.ts';
import { messageCodec } from '../core/schema/codec.ts';
import type { MessageCodec, SchemaDefinition, SchemaTypeName } from '../core/schema/definition.ts';
import { schemaTypeOf } from '../core/schema/key-value.ts';
import { readTopicName } from '../core/topic-name.ts';
import { routeFailure } from './pulsar-failure.ts';

/** How a message was written. */
export interface Written {
  readonly type: SchemaTypeName;
  readonly codec: MessageCodec;
}

/** Types whose bytes say all: no schema is needed to read them as bytes, text or JSON. */
const PLAIN: ReadonlySet<SchemaTypeName> = new Set([
  'None',
  'Bytes',
  'String',
  'Json',
  'Protobuf',
  'AutoConsume',
  'AutoPublish',
]);
const MOST_SCHEMAS = 1_000;

/** Finds the schema that each message was written with; a version is asked for once in a run. */
export class WrittenSchemas {
  readonly #session: Pick<MessagingSession, 'schema'>;
  readonly #inputSpecs: Readonly<Record<string, InputSpec>>;
  readonly #known = new Map<string, Promise<Written | undefined>>();

  constructor(session: Pick<MessagingSession, 'schema'>, inputSpecs: Readonly<Record<string, InputSpec>>) {
    this.#session = session;
    this.#inputSpecs = inputSpecs;
  }

  /**
   * Undefined for a message whose bytes say all. A message without a version is taken to be of the input's `schemaType`. Rejects with `PIO_RECORD_UNREADABLE` when
   * its schema is gone or is none, and with what the broker said when it could not be asked.
   */
  of(record: SinkRecord): Promise<Written | undefined> | undefined {
    const { topic, schemaVersion } = record;
    const given = schemaTypeOf(this.#specOf(topic)?.schemaType ?? '');
    if (given === 'Bytes' || given === 'None') return undefined;
    const isVersioned = schemaVersion !== undefined && schemaVersion.length > 0 && this.#session.schema !== undefined;
    if (!isVersioned && (given === undefined || PLAIN.has(given))) return undefined;
    const key = isVersioned ? `${topic} ${Buffer.from(schemaVersion).toString('latin1')}` : `${given}`;
    const known = this.#known.get(key) ?? (isVersioned ? this.#ask(record) : written(plainDefinition(given)));
    if (!this.#known.has(key)) this.#keep(key, known);
    return known;
  }

  #keep(key: string, found: Promise<Written | undefined>): void {
    if (this.#known.size >= MOST_SCHEMAS) this.#known.clear();
    this.#known.set(key, found);
    found.catch(() => this.#known.delete(key));
  }

  async #ask(record: SinkRecord): Promise<Written | undefined> {
    const { topic, schemaVersion = new Uint8Array() } = record;
    const definition = await this.#session.schema?.(topic, schemaVersion).catch((cause: unknown) => {
      throw routeFailure(cause, `asking for a schema of ${topic}`);
    });
    if (!definition) throw unreadable(record, 'the topic has no such version');
    try {
      return await written(definition);
    } catch (error) {
      throw unreadable(record, (error as Error).message);
    }
  }

  #specOf(topic: string): InputSpec | undefined {
    const specs = Object.entries(this.#inputSpecs);
    const [only] = specs;
    if (specs.length === 1) return only?.[1];
    const named = readTopicName(topic.replace(/-partition-\d+$/, ''))?.fullName;
    return specs.find(([input]) => readTopicName(input)?.fullName === named)?.[1];
  }
}

const plainDefinition = (type: SchemaTypeName = 'Bytes'): SchemaDefinition => ({
  type,
  name: type,
  data: new Uint8Array(),
  properties: {},
});

const written = async (definition: SchemaDefinition): Promise<Written | undefined> =>
  PLAIN.has(definition.type) ? undefined : { type: definition.type, codec: await messageCodec(definition) };

const unreadable = ({ topic, messageId, schemaVersion = new Uint8Array() }: SinkRecord, why: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_RECORD_UNREADABLE',
    `message ${formatMessageId(messageId)} of ${topic} cannot be read with its schema, version ${Buffer.from(schemaVersion).toString('hex')}: ${why}`,
  );
