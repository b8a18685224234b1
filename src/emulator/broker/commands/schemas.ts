import { SchemaType, ServerError } from '../../../pulsar/protocol/enums.ts';
import type { Schema, SchemaInput } from '../../../pulsar/protocol/messages.ts';
import type { Broker } from '../broker.ts';
import { BrokerError } from '../errors.ts';
import { canRead, isFullyCompatible } from '../schema-compatibility.ts';
import type { SchemaDefinition, StoredSchema } from '../storage/schema-store.ts';
import type { Topic } from '../topic.ts';
import { parseTopicName, type TopicName } from '../topic-name.ts';
import type { CommandHandlers } from './index.ts';
import { toKeyValues, toRecord } from './key-values.ts';

function toDefinition({ type, name, schemaData, properties }: Schema): SchemaDefinition {
  return { type, name, data: schemaData, properties: toRecord(properties) };
}

function incompatible(message: string): BrokerError {
  return new BrokerError(ServerError.IncompatibleSchema, `org.apache.avro.SchemaValidationException: ${message}`);
}

/**
 * Registers a schema for the topic (without partition suffix); AUTO_CONSUME and None register nothing. Returns its version. Throws
 * IncompatibleSchema for one that is not compatible with the newest.
 */
export function registerSchema(broker: Broker, topic: TopicName, schema: Schema): number | undefined {
  if (schema.type === SchemaType.AutoConsume || schema.type === SchemaType.None) return undefined;
  const definition = toDefinition(schema);
  const latest = broker.schemas.find(topic.base);
  const isKnown = broker.schemas.versionOf(topic.base, definition) !== undefined;
  if (!isKnown && latest !== undefined && !isFullyCompatible(definition, latest)) {
    throw incompatible(`the schema of ${topic.base} is not fully compatible with its version ${latest.version}`);
  }
  return broker.db.transaction(() => broker.schemas.register(topic.base, definition, broker.settings.now()));
}

/** What SUBSCRIBE's schema does: registered on a topic that nobody has used yet, else it only has to be able to read the newest (PULSAR-WIRE 3.11). */
export function checkConsumerSchema(broker: Broker, topic: Topic, schema: Schema): void {
  if (schema.type === SchemaType.AutoConsume || schema.type === SchemaType.None) return;
  const latest = broker.schemas.find(topic.name.base);
  if (latest === undefined) {
    if (topic.isUsed) throw incompatible('Failed to add schema to an active topic with empty(BYTES) schema');
    registerSchema(broker, topic.name, schema);
  } else if (!canRead(toDefinition(schema), latest)) {
    throw incompatible(`the consumer's schema cannot read version ${latest.version} of ${topic.name.base}`);
  }
}

/** A schema version as it travels: 8 bytes, big-endian. */
export function versionBytes(version: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(version));
  return bytes;
}

/** Schema commands (PULSAR-WIRE 3.11). */
export const schemaCommands: CommandHandlers = {
  GET_SCHEMA(connection, { requestId, topic, schemaVersion }) {
    const { base, fullName } = parseTopicName(topic);
    const version = schemaVersion && (schemaVersion.length === 8 ? Number(schemaVersion.readBigInt64BE()) : -1);
    const found = connection.broker.schemas.find(base, version);
    if (!found) {
      const error = { errorCode: ServerError.TopicNotFound, errorMessage: `Topic ${fullName} has no such schema` };
      return connection.send('GET_SCHEMA_RESPONSE', { requestId, ...error });
    }
    connection.send('GET_SCHEMA_RESPONSE', {
      requestId,
      schema: toWire(found),
      schemaVersion: versionBytes(found.version),
    });
  },
  GET_OR_CREATE_SCHEMA(connection, { requestId, topic, schema }) {
    const name = parseTopicName(topic);
    if (!connection.broker.topics.find(name)) {
      const error = { errorCode: ServerError.TopicNotFound, errorMessage: `Topic ${name.fullName} not found` };
      return connection.send('GET_OR_CREATE_SCHEMA_RESPONSE', { requestId, ...error });
    }
    const version = registerSchema(connection.broker, name, schema);
    const schemaVersion = version === undefined ? Buffer.alloc(0) : versionBytes(version);
    connection.send('GET_OR_CREATE_SCHEMA_RESPONSE', { requestId, schemaVersion });
  },
};

function toWire({ name, type, data, properties }: StoredSchema): SchemaInput {
  return { name, type: type as SchemaType, schemaData: Buffer.from(data), properties: toKeyValues(properties) };
}
