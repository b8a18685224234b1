import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { checkTls, pulsarKey, secretString, splitList, strictObject, tlsKeys } from '../config.ts';

const UNUSED = 'Accepted and not used: ';

/** Pulsar's `RedisSinkConfig`, in its order, then ours. */
export const redisConfig = strictObject({
  redisHosts: Type.String({
    minLength: 1,
    description:
      'Comma-separated `host` or `host:port`. `Standalone` uses the first, `Cluster` asks them in turn for the cluster.',
    ...pulsarKey('java.lang.String', '', {
      help: 'A comma separated list of Redis hosts to connect to',
      required: true,
    }),
  }),
  redisPassword: Type.Optional(
    secretString({
      description: 'Password, where the server wants one.',
      ...pulsarKey('java.lang.String', '', { help: 'The password used to connect to Redis' }),
    }),
  ),
  redisDatabase: Type.Integer({
    minimum: 0,
    default: 0,
    description: 'Number of the database; a cluster has only 0.',
    ...pulsarKey('int', '0', { help: 'The Redis database to connect to', required: true }),
  }),
  clientMode: Type.String({
    default: 'Standalone',
    pattern: '^([Ss][Tt][Aa][Nn][Dd][Aa][Ll][Oo][Nn][Ee]|[Cc][Ll][Uu][Ss][Tt][Ee][Rr])$',
    description: '`Standalone` or `Cluster`.',
    ...pulsarKey('java.lang.String', 'Standalone', {
      help: 'The client mode to use when interacting with the Redis cluster. Possible values [Standalone, Cluster]',
    }),
  }),
  autoReconnect: Type.Boolean({
    default: true,
    description: `${UNUSED}a connection that is lost ends the attempt, and the next one connects again.`,
    ...pulsarKey('boolean', 'true', { help: 'Flag to determine if the Redis client should automatically reconnect' }),
  }),
  requestQueue: Type.Integer({
    default: 2_147_483_647,
    description: `${UNUSED}a batch is what is under way.`,
    ...pulsarKey('int', '2147483647', { help: 'The maximum number of queued requests to Redis' }),
  }),
  tcpNoDelay: Type.Boolean({
    default: false,
    description: `${UNUSED}it is always on, as every batch is sent at once.`,
    ...pulsarKey('boolean', 'false', { help: 'Flag to enable TCP no delay should be used' }),
  }),
  keepAlive: Type.Boolean({
    default: false,
    description: 'Whether TCP looks if the server is there while nothing is sent.',
    ...pulsarKey('boolean', 'false', { help: 'Flag to enable a keepalive to Redis' }),
  }),
  connectTimeout: Type.Integer({
    minimum: 1,
    maximum: 300_000,
    default: 10_000,
    description: 'Deadline of connecting, in milliseconds.',
    ...pulsarKey('long', '10000', {
      help: 'The amount of time in milliseconds to wait before timing out when connecting',
    }),
  }),
  operationTimeout: Type.Integer({
    minimum: 1,
    maximum: 300_000,
    default: 10_000,
    description: 'Deadline of one command, in milliseconds.',
    ...pulsarKey('long', '10000L', {
      help: 'The amount of time in milliseconds before an operation is marked as timed out',
    }),
  }),
  batchTimeMs: Type.Integer({
    minimum: 1,
    default: 1_000,
    description: `${UNUSED}the runtime decides how long it collects a batch.`,
    ...pulsarKey('long', '1000L', { help: 'The Redis operation time in milliseconds' }),
  }),
  batchSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'Most records that are sent at once. Absent: as many as the runtime collects.',
      ...pulsarKey('int', '200', { help: 'The batch size of write to Redis database' }),
    }),
  ),
  userName: Type.Optional(Type.String({ minLength: 1, description: 'User of the access control list (Redis 6).' })),
  ...tlsKeys,
  versionPrefix: Type.String({
    minLength: 1,
    pattern: '^[^{}]+$',
    default: 'pulsar-io:version:',
    description:
      'Under EFFECTIVELY_ONCE, what the keys begin with that hold the version of each key that was written. No braces.',
  }),
  tombstoneTtlMs: Type.Integer({
    minimum: 60_000,
    default: 604_800_000,
    description:
      'How long the version of a deleted key is kept: an older write that comes later than that is not recognised.',
  }),
});

/** Validated configuration of the redis sink. */
export type RedisConfig = Static<typeof redisConfig>;

/** A server to ask. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** The hosts of `redisHosts`; undefined when one is not `host` or `host:port`. */
export const hostsOf = (redisHosts: string): RedisHost[] | undefined => {
  const hosts = splitList(redisHosts).map((text) => {
    const [, host, port = '6379'] = /^([\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(text) ?? [];
    return host === undefined || Number(port) > 65_535
      ? undefined
      : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
  const known = hosts.filter((it) => it !== undefined);
  return known.length > 0 && known.length === hosts.length ? known : undefined;
};

/** True for `clientMode` `Cluster`. */
export const isCluster = ({ clientMode }: RedisConfig): boolean => clientMode.toLowerCase() === 'cluster';

/** Cross-field rules of {@link redisConfig}. */
export const checkRedis = (config: RedisConfig): Problem[] => {
  const problems: Problem[] = [];
  if (hostsOf(config.redisHosts) === undefined)
    problems.push({ path: '/configs/redisHosts', message: 'must be a comma-separated list of host or host:port' });
  if (isCluster(config) && config.redisDatabase !== 0)
    problems.push({ path: '/configs/redisDatabase', message: 'must be 0: a cluster has no other database' });
  if (config.userName !== undefined && config.redisPassword === undefined)
    problems.push({ path: '/configs/redisPassword', message: 'is needed with userName' });
  return [...problems, ...checkTls(config)];
};
