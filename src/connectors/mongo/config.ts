import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { pulsarKey, secretString, strictObject } from '../config.ts';

/** Pulsar's `MongoSinkConfig`, in its order, then ours. */
export const mongoConfig = strictObject({
  mongoUri: secretString({
    minLength: 1,
    description:
      'Connection string, `mongodb://…` or `mongodb+srv://…`, with credentials and options. Secret, as it may hold a password.',
    ...pulsarKey('java.lang.String', '', {
      help: 'The URI of MongoDB that the connector connects to (see: https://docs.mongodb.com/manual/reference/connection-string/)',
      required: true,
    }),
  }),
  database: Type.String({ minLength: 1, description: 'Database.', ...pulsarKey('java.lang.String') }),
  collection: Type.String({
    minLength: 1,
    description: 'Collection. The server makes one that does not exist.',
    ...pulsarKey('java.lang.String'),
  }),
  batchSize: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 100,
    description: 'Most documents that are sent at once.',
    ...pulsarKey('int', '100', { help: 'The batch size of write to or read from the database' }),
  }),
  batchTimeMs: Type.Integer({
    minimum: 1,
    default: 1_000,
    description: 'Accepted and not used: the runtime decides how long it collects a batch.',
    ...pulsarKey('long', '1000', { help: 'The batch operation interval in milliseconds' }),
  }),
  keyAsId: Type.Boolean({
    default: false,
    description:
      'Whether the message’s key is the `_id` of a document that has none. Otherwise it is an ObjectId made of topic and message id, so that a repeated write is the same document.',
  }),
  versionField: Type.String({
    minLength: 1,
    pattern: '^[^$.][^.]*$',
    default: 'pulsar_io_version',
    description: 'Under EFFECTIVELY_ONCE, the field that holds the version of each document.',
  }),
  deletedField: Type.String({
    minLength: 1,
    pattern: '^[^$.][^.]*$',
    default: 'pulsar_io_deleted',
    description:
      'Under EFFECTIVELY_ONCE, the field of what is left of a deleted document: the time of its deletion. Do not read documents that have it; an index with `expireAfterSeconds` may remove them.',
  }),
  timeoutMs: Type.Integer({
    minimum: 1,
    maximum: 300_000,
    default: 10_000,
    description: 'Deadline of connecting and of one write, in milliseconds, where `mongoUri` says nothing of it.',
  }),
});

/** Validated configuration of the mongo sink. */
export type MongoConfig = Static<typeof mongoConfig>;

/** Cross-field rules of {@link mongoConfig}. */
export const checkMongo = ({ mongoUri, database, versionField, deletedField }: MongoConfig): Problem[] => [
  ...(/^mongodb(\+srv)?:\/\/[^/]/.test(mongoUri)
    ? []
    : [{ path: '/configs/mongoUri', message: 'must begin with mongodb:// or mongodb+srv:// and name a host' }]),
  ...(/[/\\. "$\0]/.test(database)
    ? [{ path: '/configs/database', message: 'must have none of / \\ . " $ and no blanks' }]
    : []),
  ...(versionField === deletedField || [versionField, deletedField].includes('_id')
    ? [{ path: '/configs/deletedField', message: 'must be another field than versionField, and neither be _id' }]
    : []),
];

/** The hosts of a connection string, without what else it holds: what is before an `@` may be a password that has signs which should have been escaped. */
export const hostsIn = (mongoUri: string): string => /^[^/]*\/\/(?:[^/?]*@|.*@)?([^/?]*)/s.exec(mongoUri)?.[1] ?? '';
