import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { checkCredentials } from '../aws/credentials.ts';
import { awsKeys } from '../aws/keys.ts';
import { choice, strictObject } from '../config.ts';

const TABLE_NAME = /^[A-Za-z0-9_.-]{3,255}$/;

/** Pulsar has no such sink: the keys of its AWS connectors, then ours. */
export const dynamodbConfig = strictObject({
  ...awsKeys,
  tableName: Type.String({
    pattern: TABLE_NAME.source,
    description: 'Table; it must exist.',
  }),
  versionAttribute: Type.String({
    minLength: 1,
    maxLength: 255,
    default: 'pulsar_io_version',
    description: 'Attribute that holds the version of each item; a message must not have a field of this name.',
  }),
  deletedAttribute: Type.String({
    minLength: 1,
    maxLength: 255,
    default: 'pulsar_io_deleted',
    description:
      'Attribute of what is left of a deleted item: its key, its version, and here the time in seconds after which DynamoDB may remove it. Make it the time to live attribute of the table, and do not read items that have it.',
  }),
  tombstoneTtlSeconds: Type.Integer({
    minimum: 3_600,
    default: 604_800,
    description: 'How long what is left of a deleted item is kept: an older write that comes later is not recognised.',
  }),
  concurrency: Type.Integer({ minimum: 1, maximum: 256, default: 64, description: 'Most items under way at once.' }),
  writeMode: choice(['single', 'transaction'], {
    default: 'single',
    description:
      '`single`: a request for each item. `transaction`: one for up to 100 items, which takes a fraction of the processor time and costs twice the write capacity.',
  }),
});

/** Validated configuration of the dynamodb sink. */
export type DynamodbConfig = Static<typeof dynamodbConfig>;

/** Whether a table can have that name. */
export const mayBeTable = (name: string): boolean => TABLE_NAME.test(name);

/** Cross-field rules of {@link dynamodbConfig}. */
export const checkDynamodb = (config: DynamodbConfig): Problem[] => [
  ...checkCredentials(config),
  ...(config.versionAttribute === config.deletedAttribute
    ? [{ path: '/configs/deletedAttribute', message: 'must be another attribute than versionAttribute' }]
    : []),
];
