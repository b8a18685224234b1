import type { Client } from '@opensearch-project/opensearch';
import { aborted, orAborted, throwIfAborted } from '../abort.ts';
import { nodesOf } from './check.ts';
import type { ElasticSearchConfig } from './config.ts';
import { connectionError, type Failure, requestError } from './errors.ts';
import { tlsOptions } from './ssl.ts';

/** An answer, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What is asked of the server. */
export interface Question {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST';
  readonly path: string;
  readonly query?: string;
  /** JSON. */
  readonly body?: string;
  /** Lines of JSON. */
  readonly lines?: string;
}

/** The cluster, as the sink uses it. */
export interface SearchServer {
  /** Throws `PIO_SINK_UNAVAILABLE` or `PIO_SINK_MISCONFIGURED` when nobody answers, `PIO_ABORTED`. */
  ask(question: Question, doing: string, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

const MAX_TIMEOUT_MS = 300_000;

/** What a failed answer tells. */
export const failureOf = (body: unknown): Failure | undefined => {
  const { error } = (typeof body === 'object' && body !== null ? body : {}) as { error?: unknown };
  return typeof error === 'object' && error !== null ? error : undefined;
};

/** Connects, and looks whether somebody answers who knows these credentials. Throws as {@link SearchServer.ask}. */
export const connectSearch = async (
  config: ElasticSearchConfig,
  isVersioned: boolean,
  signal: AbortSignal,
): Promise<SearchServer> => {
  const doing = `connecting to ${config.elasticSearchUrl}`;
  throwIfAborted(signal, doing);
  const { Client } = await import('@opensearch-project/opensearch');
  const server = serverOf(new Client(clientOptions(config, isVersioned)));
  try {
    const { status, body } = await server.ask({ method: 'GET', path: '/' }, doing, signal);
    // A user who may only write gets 403, and a service without this page 404.
    if (status >= 400 && status !== 403 && status !== 404) throw requestError(status, failureOf(body), doing);
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
};

const clientOptions = (config: ElasticSearchConfig, isVersioned: boolean) => {
  const { username, password, socketTimeoutInMs, compressionEnabled, caCertificate, clientCertificate, clientKey } =
    config;
  const nodes = nodesOf(config.elasticSearchUrl) ?? [];
  const authorization = authorizationOf(config);
  return {
    nodes,
    ...(username && password && { auth: { username, password } }),
    ...(authorization && { headers: { authorization } }),
    ssl: tlsOptions(config.ssl, {
      ...(caCertificate !== undefined && { ca: caCertificate }),
      ...(clientCertificate !== undefined && { cert: clientCertificate }),
      ...(clientKey !== undefined && { key: clientKey }),
    }),
    requestTimeout: socketTimeoutInMs === 0 ? MAX_TIMEOUT_MS : Math.min(socketTimeoutInMs, MAX_TIMEOUT_MS),
    // Without versions, a request whose answer is lost may still overtake the next one.
    maxRetries: isVersioned ? nodes.length - 1 : 0,
    resurrectStrategy: 'optimistic' as const,
    ...(compressionEnabled && { compression: 'gzip' as const, suggestCompression: true }),
  };
};

const authorizationOf = ({ token, apiKey }: ElasticSearchConfig): string | undefined => {
  if (token) return `Bearer ${token}`;
  return apiKey ? `ApiKey ${apiKey}` : undefined;
};

const serverOf = (client: Client): SearchServer => ({
  ask: async ({ method, path, query, body, lines }, doing, signal) => {
    throwIfAborted(signal, doing);
    const asked = client.transport.request({
      method,
      path,
      ...(query !== undefined && { querystring: query }),
      ...(body !== undefined && { body }),
      ...(lines !== undefined && { bulkBody: lines }),
    });
    try {
      const { statusCode, body: answer } = await orAborted(Promise.resolve(asked), signal, doing);
      return { status: statusCode ?? 0, body: answer };
    } catch (error) {
      if (signal.aborted) asked.abort();
      return answerIn(error, doing, signal);
    }
  },
  close: () => client.close(),
});

/** The client makes an error of each status from 400 on; here it is an answer. */
const answerIn = (error: unknown, doing: string, signal: AbortSignal): Answer => {
  if (signal.aborted) throw aborted(signal, doing);
  const { name, meta } = error as { name?: string; meta?: { statusCode?: number; body?: unknown } };
  if (name !== 'ResponseError' || !meta?.statusCode) throw connectionError(error, doing);
  return { status: meta.statusCode, body: meta.body };
};
