import type { SchemaDefinition } from '../../core/schema/definition.ts';
import { PulsarError } from '../errors.ts';
import { connectionForTopic } from '../network/lookup.ts';
import { serverErrorName } from '../protocol/index.ts';
import type { ClientContext } from './client-context.ts';
import { receivedSchema, schemaInfo, wireSchema } from './schema-info.ts';

/** A schema that a topic has, and its version: 8 bytes, big-endian. */
export interface TopicSchema {
  readonly definition: SchemaDefinition;
  readonly version: Buffer | undefined;
}

const MOST_CACHED = 1000;

/** Asks brokers for schemas of topics. A version never changes, so each is asked for once. */
export class SchemaLookup {
  private readonly context: Pick<ClientContext, 'pool' | 'operationTimeoutMs' | 'listenerName'>;
  private readonly cached = new Map<string, Promise<TopicSchema>>();

  constructor(context: Pick<ClientContext, 'pool' | 'operationTimeoutMs' | 'listenerName'>) {
    this.context = context;
  }

  /** The schema of that version. Rejects with TopicNotFound when the topic has no such schema. */
  version(topic: string, version: Buffer): Promise<TopicSchema> {
    const key = `${version.toString('hex')} ${topic}`;
    const known = this.cached.get(key);
    if (known !== undefined) return known;
    const found = this.ask(topic, version, undefined);
    if (this.cached.size >= MOST_CACHED) this.cached.delete(this.cached.keys().next().value as string);
    this.cached.set(key, found);
    found.catch(() => this.cached.delete(key));
    return found;
  }

  /** The newest schema of the topic; undefined when it has none. */
  async latest(topic: string, signal: AbortSignal | undefined): Promise<TopicSchema | undefined> {
    try {
      return await this.ask(topic, undefined, signal);
    } catch (error) {
      if (error instanceof PulsarError && error.code === 'TopicNotFound') return undefined;
      throw error;
    }
  }

  /** Registers a schema with a topic that is in use, unless it has it, and answers its version. Rejects with IncompatibleSchema. */
  async register(topic: string, definition: SchemaDefinition, signal: AbortSignal | undefined): Promise<Buffer> {
    const { pool, operationTimeoutMs: timeoutMs, listenerName } = this.context;
    const schema = wireSchema(schemaInfo(definition));
    if (schema === undefined) return Buffer.alloc(0);
    const options = { timeoutMs, signal };
    const connection = await connectionForTopic(pool, topic, { ...options, listenerName });
    const command = 'GET_OR_CREATE_SCHEMA';
    const answer = await connection.request(command, { topic, schema }, 'GET_OR_CREATE_SCHEMA_RESPONSE', options);
    const { errorCode, errorMessage = 'the broker gave no reason', schemaVersion = Buffer.alloc(0) } = answer;
    if (errorCode === undefined) return Buffer.from(schemaVersion);
    throw new PulsarError(serverErrorName(errorCode), `${topic} does not take the schema: ${errorMessage}`);
  }

  private async ask(
    topic: string,
    schemaVersion: Buffer | undefined,
    signal: AbortSignal | undefined,
  ): Promise<TopicSchema> {
    const { pool, operationTimeoutMs: timeoutMs, listenerName } = this.context;
    const options = { timeoutMs, signal };
    const connection = await connectionForTopic(pool, topic, { ...options, listenerName });
    const answer = await connection.request('GET_SCHEMA', { topic, schemaVersion }, 'GET_SCHEMA_RESPONSE', options);
    if (answer.schema !== undefined) {
      return { definition: receivedSchema(answer.schema), version: answer.schemaVersion };
    }
    const code = answer.errorCode === undefined ? 'TopicNotFound' : serverErrorName(answer.errorCode);
    throw new PulsarError(code, `${topic} has no such schema: ${answer.errorMessage ?? 'the broker gave no reason'}`);
  }
}
