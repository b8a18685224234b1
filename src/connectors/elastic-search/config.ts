import { type Static, Type } from '@sinclair/typebox';
import { caCertificate, choice, pulsarKey, secretString, strictObject } from '../config.ts';
import { sslConfig } from './ssl.ts';

const UNUSED = 'Accepted and not used: ';

const text = (defaultValue = '', help?: string) => pulsarKey('java.lang.String', defaultValue, help ? { help } : {});
const flag = (defaultValue: boolean) => pulsarKey('boolean', String(defaultValue));
const int = (defaultValue: number) => pulsarKey('int', String(defaultValue));
const long = (defaultValue: number) => pulsarKey('long', String(defaultValue));
const nested = (name: string, defaultValue: string) =>
  pulsarKey(`org.apache.pulsar.io.elasticsearch.ElasticSearchConfig$${name}`, defaultValue);

/** Pulsar's `ElasticSearchConfig`, in its order, then ours. */
export const elasticSearchConfig = strictObject({
  elasticSearchUrl: Type.String({
    minLength: 1,
    description: 'Comma-separated addresses of the nodes, `http://host:port` or `https://host:port`.',
    ...pulsarKey('java.lang.String', '', {
      help: 'The url of elastic search cluster that the connector connects to',
      required: true,
    }),
  }),
  indexName: Type.String({
    default: '',
    description:
      'Index, or alias that has a write index. Empty: the last part of the topic’s name, in lower case; of a partitioned topic each partition has its own. `%{+yyyy-MM-dd}` becomes the event time, in UTC.',
    ...text(),
  }),
  typeName: Type.String({
    default: '_doc',
    description: 'Mapping type; used with `compatibilityMode` `ELASTICSEARCH_7` only, as later servers have none.',
    ...text('_doc'),
  }),
  schemaEnable: Type.Boolean({
    default: false,
    description:
      'Whether `primaryFields`, `stripNulls`, `copyKeyFields`, `canonicalKeyFields` and `idHashingAlgorithm` apply. Otherwise the value is the document as it is. The topic’s schema is read either way.',
    ...flag(false),
  }),
  indexNumberOfShards: Type.Integer({
    minimum: 1,
    default: 1,
    description: 'Shards of an index that is created.',
    ...int(1),
  }),
  createIndexIfNeeded: Type.Boolean({
    default: false,
    description:
      'Whether an index that does not exist is created before its first document. The server may do so, too.',
    ...flag(false),
  }),
  indexNumberOfReplicas: Type.Integer({
    minimum: 0,
    default: 0,
    description: 'Replicas of an index that is created.',
    ...int(0),
  }),
  username: Type.Optional(secretString({ description: 'User name; with `password`.', ...text() })),
  password: Type.Optional(secretString({ description: 'Password of `username`.', ...text() })),
  token: Type.Optional(secretString({ description: 'Bearer token, instead of a user name.', ...text() })),
  apiKey: Type.Optional(secretString({ description: 'API key, instead of a user name.', ...text() })),
  maxRetries: Type.Integer({
    default: 1,
    description: `${UNUSED}the runtime writes again, with its own back-off.`,
    ...int(1),
  }),
  retryBackoffInMs: Type.Integer({ default: 100, description: `${UNUSED}see \`maxRetries\`.`, ...long(100) }),
  maxRetryTimeInSec: Type.Integer({ default: 86_400, description: `${UNUSED}see \`maxRetries\`.`, ...long(86_400) }),
  bulkEnabled: Type.Boolean({
    default: false,
    description: `${UNUSED}records always go in bulk requests, each with its own result.`,
    ...flag(false),
  }),
  bulkActions: Type.Integer({
    minimum: -1,
    default: 1_000,
    description: 'Most records of one bulk request; -1: as many as the runtime collects.',
    ...int(1_000),
  }),
  bulkSizeInMb: Type.Integer({
    minimum: -1,
    maximum: 2_000,
    default: 5,
    description: 'Most megabytes of one bulk request, unless one record alone is larger; -1: no limit of its own.',
    ...long(5),
  }),
  bulkConcurrentRequests: Type.Integer({
    minimum: 0,
    default: 0,
    description: `${UNUSED}one request follows the other, so that the order of the topic is kept.`,
    ...int(0),
  }),
  bulkFlushIntervalInMs: Type.Integer({
    default: 1_000,
    description: `${UNUSED}the runtime decides how long it collects a batch.`,
    ...long(1_000),
  }),
  compressionEnabled: Type.Boolean({
    default: false,
    description: 'Whether requests and answers are compressed.',
    ...flag(false),
  }),
  connectTimeoutInMs: Type.Integer({
    minimum: 0,
    default: 5_000,
    description: `${UNUSED}\`socketTimeoutInMs\` covers connecting, too.`,
    ...int(5_000),
  }),
  connectionRequestTimeoutInMs: Type.Integer({
    minimum: 0,
    default: 1_000,
    description: `${UNUSED}there is always a connection to be had.`,
    ...int(1_000),
  }),
  connectionIdleTimeoutInMs: Type.Integer({
    default: 5,
    description: `${UNUSED}an idle run ends, and its connections with it.`,
    ...int(5),
  }),
  socketTimeoutInMs: Type.Integer({
    minimum: 0,
    default: 60_000,
    description: 'Deadline of one request, in milliseconds; 0 and more than 300,000 mean 300,000.',
    ...int(60_000),
  }),
  keyIgnore: Type.Boolean({
    default: true,
    description:
      'Whether the message’s key is not the document’s id. Without key and `primaryFields` the id is topic and message id, so a repeated write replaces its own document.',
    ...flag(true),
  }),
  primaryFields: Type.String({
    default: '',
    description:
      'Comma-separated fields of the value that make the id: one field’s value, or a JSON array of several in the order in which the value has them. Needs `schemaEnable`, as in Pulsar.',
    ...text(),
  }),
  ssl: sslConfig,
  nullValueAction: choice(['IGNORE', 'DELETE', 'FAIL'], {
    default: 'IGNORE',
    description: 'A message without payload: passed over, deletes the document of its key, or is rejected.',
    ...nested('NullValueAction', 'IGNORE'),
  }),
  malformedDocAction: choice(['IGNORE', 'WARN', 'FAIL'], {
    default: 'FAIL',
    description:
      'A document that cannot be one, or that the server refuses: `FAIL` rejects it (dead letter), `IGNORE` and `WARN` drop it.',
    ...nested('MalformedDocAction', 'FAIL'),
  }),
  stripNulls: Type.Boolean({
    default: true,
    description: 'Whether fields that are null are left out. Needs `schemaEnable`, as in Pulsar.',
    ...flag(true),
  }),
  compatibilityMode: choice(['AUTO', 'ELASTICSEARCH_7', 'ELASTICSEARCH', 'OPENSEARCH'], {
    default: 'AUTO',
    description: 'Only `ELASTICSEARCH_7` changes something: see `typeName`.',
    ...nested('CompatibilityMode', 'AUTO'),
  }),
  canonicalKeyFields: Type.Boolean({
    default: false,
    description: 'Whether objects within an id have their fields sorted.',
    ...flag(false),
  }),
  stripNonPrintableCharacters: Type.Boolean({
    default: true,
    description: 'Whether control, format, private and unassigned characters are removed from the document.',
    ...flag(true),
  }),
  idHashingAlgorithm: choice(['NONE', 'SHA256', 'SHA512'], {
    default: 'NONE',
    description: 'Whether the id is a hash of what it would be, in base64. An id has at most 512 bytes.',
    ...nested('IdHashingAlgorithm', 'NONE'),
  }),
  conditionalIdHashing: Type.Boolean({
    default: false,
    description: 'Whether only ids of more than 512 bytes are hashed.',
    ...flag(false),
  }),
  copyKeyFields: Type.Boolean({
    default: false,
    description: 'Whether the fields of a key that is a JSON object are put into the document.',
    ...flag(false),
  }),
  caCertificate: caCertificate(),
  clientCertificate: Type.Optional(
    Type.String({ minLength: 1, description: 'Certificate to authenticate with, as PEM text; with `clientKey`.' }),
  ),
  clientKey: Type.Optional(secretString({ minLength: 1, description: 'Key of `clientCertificate`, as PEM text.' })),
  deletedField: Type.String({
    minLength: 1,
    default: 'pulsar_io_deleted',
    description:
      'Under EFFECTIVELY_ONCE with `nullValueAction` `DELETE`, the field of what is left of a deleted document: the time of its deletion. The server forgets the version of a document that is removed. Do not read documents that have it.',
  }),
});

/** Validated configuration of the elastic_search sink. */
export type ElasticSearchConfig = Static<typeof elasticSearchConfig>;
