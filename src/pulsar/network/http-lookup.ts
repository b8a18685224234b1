import { PulsarError } from '../errors.ts';
import { parseTopicName } from '../protocol/index.ts';
import type { Authentication } from './authentication.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { type HttpAnswer, httpRequest } from './http-request.ts';
import type { RequestOptions } from './request-table.ts';
import { addressText } from './service-url.ts';

const MAX_REDIRECTS = 20;

const CODES = new Map([
  [401, 'AuthenticationError'],
  [403, 'AuthorizationError'],
  [404, 'TopicNotFound'],
  [412, 'InvalidTopicName'],
  [429, 'TooManyRequests'],
  [500, 'MetadataError'],
  [503, 'ServiceNotReady'],
]);

/** Addresses of the broker that serves a topic; one of them may be missing. */
export interface BrokerUrls {
  readonly plain: string | undefined;
  readonly tls: string | undefined;
}

function restPath(topic: string): string {
  const { domain, tenant, namespace, localName } = parseTopicName(topic);
  return `${domain}/${tenant}/${namespace}/${encodeURIComponent(localName)}`;
}

/** Basic for user names, Bearer for everything else that has credentials to show. */
async function authorization(pool: ConnectionPool): Promise<Record<string, string>> {
  const { authentication, tls } = pool.service;
  const data = await readCredentials(authentication, { isRenewal: false, tls });
  if (data === undefined) return {};
  const isBasic = authentication.methodName === 'basic';
  const value = isBasic ? `Basic ${data.toString('base64')}` : `Bearer ${data.toString()}`;
  return { authorization: value };
}

async function readCredentials(
  authentication: Authentication,
  request: Parameters<Authentication['credentials']>[0],
): Promise<Buffer | undefined> {
  try {
    const data = await authentication.credentials(request);
    return data && Buffer.from(data);
  } catch (cause) {
    if (cause instanceof PulsarError) throw cause;
    throw new PulsarError('ErrorGettingAuthenticationData', 'the credentials cannot be read', { cause });
  }
}

async function follow(pool: ConnectionPool, from: URL, options: RequestOptions): Promise<HttpAnswer> {
  const { authentication, tls } = pool.service;
  const headers = await authorization(pool);
  let url = from;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await httpRequest({ url, headers, tls, authentication, ...options });
    if (answer.status < 300 || answer.status >= 400 || answer.location === undefined) return answer;
    url = new URL(answer.location, url);
  }
  throw new PulsarError('LookupError', `${from.pathname} was redirected more than ${MAX_REDIRECTS} times`);
}

function reasonOf({ body }: HttpAnswer): string {
  try {
    return String(JSON.parse(body).reason);
  } catch {
    return 'no reason given';
  }
}

/** GETs JSON from one of the service URL's hosts. Rejects with the code that the status stands for, LookupError if none. */
export async function getJson(
  pool: ConnectionPool,
  path: string,
  what: string,
  options: RequestOptions,
): Promise<Record<string, unknown>> {
  const answer = await pool.atService(
    ({ isTls, ...address }) =>
      follow(pool, new URL(path, `${isTls ? 'https' : 'http'}://${addressText({ isTls, ...address })}`), options),
    options.signal,
  );
  if (answer.status !== 200) {
    throw new PulsarError(CODES.get(answer.status) ?? 'LookupError', `${what}: ${answer.status}, ${reasonOf(answer)}`);
  }
  try {
    return JSON.parse(answer.body);
  } catch (cause) {
    throw new PulsarError('LookupError', `${what}: the answer is not JSON`, { cause });
  }
}

/** Options of `partitionCount`. */
export interface PartitionCountOptions extends RequestOptions {
  /** Whether the topic may be created where the broker's policy says so. Default true. */
  readonly mayCreate?: boolean | undefined;
}

/** As `partitionCount`, over HTTP (PULSAR-WIRE 3.2). */
export async function httpPartitionCount(
  pool: ConnectionPool,
  topic: string,
  options: PartitionCountOptions,
): Promise<number> {
  const path = `/admin/v2/${restPath(topic)}/partitions?checkAllowAutoCreation=${options.mayCreate ?? true}`;
  const { partitions } = await getJson(pool, path, `reading the partitions of ${topic}`, options);
  if (Number.isSafeInteger(partitions) && (partitions as number) >= 0) return partitions as number;
  throw new PulsarError('LookupError', `reading the partitions of ${topic}: the answer has no number`);
}

/** Which broker serves a topic, asked over HTTP. */
export async function httpLookup(
  pool: ConnectionPool,
  topic: string,
  options: RequestOptions & { readonly listenerName?: string | undefined },
): Promise<BrokerUrls> {
  const query = options.listenerName === undefined ? '' : `?listenerName=${encodeURIComponent(options.listenerName)}`;
  const answer = await getJson(pool, `/lookup/v2/topic/${restPath(topic)}${query}`, `looking up ${topic}`, options);
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  return { plain: text(answer.brokerUrl), tls: text(answer.brokerUrlTls) };
}

/** As `topicsOfNamespace`, over HTTP. */
export async function httpTopicsOfNamespace(
  pool: ConnectionPool,
  namespace: string,
  mode: string,
  options: RequestOptions,
): Promise<readonly string[]> {
  const path = `/admin/v2/namespaces/${namespace}/topics?mode=${mode}`;
  const answer: unknown = await getJson(pool, path, `listing the topics of ${namespace}`, options);
  if (Array.isArray(answer)) return answer.filter((one) => typeof one === 'string');
  throw new PulsarError('LookupError', `listing the topics of ${namespace}: the answer is no list`);
}
