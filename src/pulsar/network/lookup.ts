import { PulsarError } from '../errors.ts';
import {
  type CommandFields,
  type CommandInput,
  LookupResult,
  PartitionedMetadataResult,
  serverErrorName,
  TopicsMode,
} from '../protocol/index.ts';
import type { Connection } from './connection.ts';
import type { ConnectionPool } from './connection-pool.ts';
import {
  type BrokerUrls,
  httpLookup,
  httpPartitionCount,
  httpTopicsOfNamespace,
  type PartitionCountOptions,
} from './http-lookup.ts';
import type { RequestOptions } from './request-table.ts';

const MAX_REDIRECTS = 20;

function refusal(
  what: string,
  { error, message }: { readonly error: number | undefined; readonly message: string | undefined },
): PulsarError {
  const code = error === undefined ? 'LookupError' : serverErrorName(error);
  return new PulsarError(code, `${what}: ${message ?? 'the broker gave no reason'}`);
}

/** Number of partitions of a topic; 0 = not partitioned. */
export function partitionCount(pool: ConnectionPool, topic: string, options: PartitionCountOptions): Promise<number> {
  const ask = pool.isHttp ? httpPartitionCount : binaryPartitionCount;
  return pool.lookups.run(`reading the partitions of ${topic}`, () => ask(pool, topic, options), options.signal);
}

async function binaryPartitionCount(
  pool: ConnectionPool,
  topic: string,
  options: PartitionCountOptions,
): Promise<number> {
  const connection = await pool.toService(options.signal);
  const fields = { topic, metadataAutoCreationEnabled: options.mayCreate ?? true };
  const answer = await connection.request('PARTITIONED_METADATA', fields, 'PARTITIONED_METADATA_RESPONSE', options);
  if (answer.response === PartitionedMetadataResult.Success) return answer.partitions ?? 0;
  throw refusal(`reading the partitions of ${topic}`, answer);
}

/** Full names of the topics in `tenant/namespace`, of partitioned ones the partitions. */
export async function topicsOfNamespace(
  pool: ConnectionPool,
  namespace: string,
  mode: TopicsMode,
  options: RequestOptions,
): Promise<readonly string[]> {
  if (pool.isHttp) return httpTopicsOfNamespace(pool, namespace, topicsModeNames[mode], options);
  const connection = await pool.toService(options.signal);
  const type = 'GET_TOPICS_OF_NAMESPACE';
  return (await connection.request(type, { namespace, mode }, 'GET_TOPICS_OF_NAMESPACE_RESPONSE', options)).topics;
}

const topicsModeNames: Readonly<Record<TopicsMode, string>> = {
  [TopicsMode.PERSISTENT]: 'PERSISTENT',
  [TopicsMode.NON_PERSISTENT]: 'NON_PERSISTENT',
  [TopicsMode.ALL]: 'ALL',
};

/** Limits of a lookup, and the listener whose addresses are wanted. */
export type LookupOptions = RequestOptions & { readonly listenerName?: string | undefined };

type LookupAnswer = CommandFields<'LOOKUP_RESPONSE'>;

function chooseUrl(pool: ConnectionPool, { plain, tls }: BrokerUrls): string {
  const url = pool.isTls ? tls : plain;
  if (url !== undefined && url !== '') return url;
  throw new PulsarError('LookupError', `the lookup names no ${pool.isTls ? 'TLS' : 'plain'} address of the broker`);
}

/** Finds the broker that serves a topic (not a partitioned one: ask for its partitions) and gives the connection to it. */
export function connectionForTopic(pool: ConnectionPool, topic: string, options: LookupOptions): Promise<Connection> {
  const find = pool.isHttp ? findByHttp : findByCommands;
  return pool.lookups.run(`looking up ${topic}`, () => find(pool, topic, options), options.signal);
}

async function findByHttp(pool: ConnectionPool, topic: string, options: LookupOptions): Promise<Connection> {
  const urls = await httpLookup(pool, topic, options);
  return pool.toBroker(chooseUrl(pool, urls), false, options.signal);
}

async function findByCommands(pool: ConnectionPool, topic: string, options: LookupOptions): Promise<Connection> {
  let connection = await pool.toService(options.signal);
  let authoritative = false;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const fields: Omit<CommandInput<'LOOKUP'>, 'requestId'> = {
      topic,
      authoritative,
      advertisedListenerName: options.listenerName,
    };
    const answer: LookupAnswer = await connection.request('LOOKUP', fields, 'LOOKUP_RESPONSE', options);
    if (answer.response !== LookupResult.Connect && answer.response !== LookupResult.Redirect) {
      throw refusal(`looking up ${topic}`, answer);
    }
    const isProxied = answer.proxyThroughServiceUrl === true;
    const urls = { plain: answer.brokerServiceUrl, tls: answer.brokerServiceUrlTls };
    connection = await pool.toBroker(chooseUrl(pool, urls), isProxied, options.signal);
    if (answer.response === LookupResult.Connect) return connection;
    authoritative = answer.authoritative === true;
  }
  throw new PulsarError('LookupError', `looking up ${topic} was redirected more than ${MAX_REDIRECTS} times`);
}
