import { PulsarError } from '../errors.ts';
import {
  type CommandFields,
  type CommandInput,
  LookupResult,
  PartitionedMetadataResult,
  serverErrorName,
} from '../protocol/index.ts';
import type { Connection } from './connection.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { RequestOptions } from './request-table.ts';

const MAX_REDIRECTS = 20;

function refusal(
  what: string,
  { error, message }: { readonly error: number | undefined; readonly message: string | undefined },
): PulsarError {
  const code = error === undefined ? 'LookupError' : serverErrorName(error);
  return new PulsarError(code, `${what}: ${message ?? 'the broker gave no reason'}`);
}

/** Number of partitions of a topic; 0 = not partitioned. May create the topic where the broker's policy says so. */
export async function partitionCount(pool: ConnectionPool, topic: string, options: RequestOptions): Promise<number> {
  const connection = await pool.toService(options.signal);
  const fields = { topic, metadataAutoCreationEnabled: true };
  const answer = await connection.request('PARTITIONED_METADATA', fields, 'PARTITIONED_METADATA_RESPONSE', options);
  if (answer.response === PartitionedMetadataResult.Success) return answer.partitions ?? 0;
  throw refusal(`reading the partitions of ${topic}`, answer);
}

type LookupAnswer = CommandFields<'LOOKUP_RESPONSE'>;

function brokerUrl(pool: ConnectionPool, answer: LookupAnswer): string {
  const url = pool.isTls ? answer.brokerServiceUrlTls : answer.brokerServiceUrl;
  if (url !== undefined && url !== '') return url;
  throw new PulsarError('LookupError', `the lookup names no ${pool.isTls ? 'TLS' : 'plain'} address of the broker`);
}

/** Finds the broker that serves a topic (not a partitioned one: ask for its partitions) and gives the connection to it. */
export async function connectionForTopic(
  pool: ConnectionPool,
  topic: string,
  options: RequestOptions & { readonly listenerName?: string | undefined },
): Promise<Connection> {
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
    connection = await pool.toBroker(brokerUrl(pool, answer), isProxied, options.signal);
    if (answer.response === LookupResult.Connect) return connection;
    authoritative = answer.authoritative === true;
  }
  throw new PulsarError('LookupError', `looking up ${topic} was redirected more than ${MAX_REDIRECTS} times`);
}
