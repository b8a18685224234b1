import { messageCodec } from '../../core/schema/codec.ts';
import type { MessageBytes, MessageCodec, SchemaDefinition } from '../../core/schema/definition.ts';
import { PulsarError } from '../errors.ts';
import type { UnnumberedMessage } from './batcher.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { SchemaLookup } from './schema-lookup.ts';

/** Types whose values were written with a schema that may differ from message to message. */
const VERSIONED = new Set(['AutoConsume', 'Avro', 'KeyValue']);
const MOST_CODECS = 1000;

function invalid(what: string, error: unknown): PulsarError {
  if (error instanceof PulsarError) return error;
  return new PulsarError('InvalidMessage', `${what}: ${error instanceof Error ? error.message : error}`);
}

function messageBytes({ value, key, isKeyBase64 }: IncomingMessage): MessageBytes {
  return { value, key: key === undefined ? null : Buffer.from(key, isKeyBase64 ? 'base64' : 'utf8') };
}

/** Reads the values of received messages by the consumer's schema, and the one that each message was written with. */
export class ValueReader {
  private readonly lookup: SchemaLookup;
  private readonly schema: SchemaDefinition;
  private readonly codecs = new Map<string, Promise<MessageCodec>>();

  constructor(lookup: SchemaLookup, schema: SchemaDefinition | undefined) {
    this.lookup = lookup;
    this.schema = schema ?? { type: 'Bytes', name: '', data: new Uint8Array(0), properties: {} };
  }

  /** The value; a Buffer where there is no schema to read it by. Rejects with InvalidMessage when it does not fit its schema. */
  async read(message: IncomingMessage): Promise<unknown> {
    try {
      const codec = await this.codecFor(message);
      return codec.decode(messageBytes(message));
    } catch (error) {
      throw invalid(`the value of a message of ${message.topic}`, error);
    }
  }

  private codecFor({ topic, schemaVersion }: IncomingMessage): Promise<MessageCodec> {
    const version = VERSIONED.has(this.schema.type) && schemaVersion?.length ? schemaVersion : undefined;
    const key = version === undefined ? '' : `${version.toString('hex')} ${topic}`;
    let codec = this.codecs.get(key);
    if (codec === undefined) {
      codec = version === undefined ? messageCodec(this.schema) : this.codecOf(topic, version);
      if (this.codecs.size >= MOST_CODECS) this.codecs.clear();
      this.codecs.set(key, codec);
      codec.catch(() => this.codecs.delete(key));
    }
    return codec;
  }

  private async codecOf(topic: string, version: Buffer): Promise<MessageCodec> {
    const { definition } = await this.lookup.version(topic, version);
    return messageCodec(definition, this.schema.type === 'AutoConsume' ? undefined : this.schema);
  }
}

/** Writes the values of messages to send by the producer's schema. */
export class ValueWriter {
  private readonly codec: MessageCodec | PulsarError;

  private constructor(codec: MessageCodec | PulsarError) {
    this.codec = codec;
  }

  /** Never rejects: a producer that only sends bytes needs no codec for its schema. */
  static async open(schema: SchemaDefinition | undefined): Promise<ValueWriter> {
    const what = `the producer's schema ${schema?.type ?? 'Bytes'}`;
    const none = { type: 'Bytes', name: '', data: new Uint8Array(0), properties: {} } as const;
    return new ValueWriter(await messageCodec(schema ?? none).catch((error) => invalid(what, error)));
  }

  /** What of a message follows from its value. Throws `PulsarError` InvalidMessage for one that does not fit the schema. */
  write(value: unknown): Pick<UnnumberedMessage, 'value' | 'key' | 'isKeyBase64'> {
    if (this.codec instanceof PulsarError) throw this.codec;
    try {
      const bytes = this.codec.encode(value);
      if (bytes.key === undefined || bytes.key === null) return { value: bytes.value };
      return { value: bytes.value, key: Buffer.from(bytes.key).toString('base64'), isKeyBase64: true };
    } catch (error) {
      throw invalid('the value of a message to send', error);
    }
  }
}
