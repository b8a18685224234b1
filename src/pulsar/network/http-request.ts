import type { IncomingMessage, RequestOptions as NodeOptions } from 'node:http';
import { PulsarError } from '../errors.ts';
import { type Authentication, noAuthentication } from './authentication.ts';
import { loadTls, type TlsSettings } from './open-socket.ts';
import { abortedError } from './request-table.ts';

/** One HTTP request and its limits. */
export interface HttpRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls: TlsSettings;
  /** Shows its client certificate, if it has one. */
  readonly authentication?: Authentication;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, with any status. */
export interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;

async function readBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`the answer is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Loaded at first use: most clients never need it, and to import `node:http` loads `fetch` and `WebSocket` as well (5 MiB). */
const requestOf = (protocol: string) =>
  process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http').request;

function exchange(request: HttpRequest, options: NodeOptions): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = requestOf(request.url.protocol)(request.url, options, (answer) => {
      const { statusCode = 0, headers } = answer;
      readBody(answer).then((body) => resolve({ status: statusCode, location: headers.location, body }), reject);
    });
    sent.on('error', reject);
    sent.end(request.body);
  });
}

/**
 * Sends a request on a connection of its own and reads the answer, at most 4 MiB. Follows no redirect. Rejects with `PulsarError`
 * ConnectError, TimeOut or Aborted, naming the URL without its query.
 */
export async function httpRequest(request: HttpRequest): Promise<HttpAnswer> {
  const { url, method = 'GET', headers = {}, tls, authentication = noAuthentication, timeoutMs, signal } = request;
  const what = `${method} ${url.origin}${url.pathname}`;
  const limit = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  try {
    const secure = url.protocol === 'https:' ? await loadTls(tls, authentication) : {};
    return await exchange(request, { ...secure, method, headers: { connection: 'close', ...headers }, signal: either });
  } catch (cause) {
    if (signal?.aborted) throw abortedError(what, signal);
    if (limit.aborted) throw new PulsarError('TimeOut', `${what} got no answer within ${timeoutMs} ms`, { cause });
    throw new PulsarError('ConnectError', `${what} failed`, { cause });
  }
}
