import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Broker } from '../broker.ts';
import { AdminError, BrokerError } from '../errors.ts';

/** Largest request body. */
const BODY_MAX_BYTES = 1024 * 1024;

/** One request as a route sees it. */
export interface AdminRequest {
  readonly broker: Broker;
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed JSON, a string when it is not JSON, undefined when empty. */
  readonly body: unknown;
  /** Host name in the request, for addresses in answers. */
  readonly hostName: string;
}

/** A reply that is not JSON. */
export interface RawReply {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array | string;
}

/** Answers a request: undefined = no body (204, for GET 200), a `RawReply`, or a value for JSON. Throws `AdminError` or `BrokerError`. */
export type AdminHandler = (request: AdminRequest) => unknown;

/** Method, path with `:parameters`, handler. */
export type Route = readonly [method: string, path: string, handler: AdminHandler];

/** Wraps a reply that is not JSON. */
export function raw(
  bytes: Uint8Array | string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'text/plain' },
): RawReply {
  return { headers, bytes };
}

interface CompiledRoute {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: AdminHandler;
}

/** A Node HTTP handler over a table of routes; the first that matches answers. */
export function adminHandler(
  broker: Broker,
  routes: readonly Route[],
): (request: IncomingMessage, response: ServerResponse) => void {
  const compiled = routes.map(([method, path, handler]) => ({ method, segments: path.split('/'), handler }));
  return (request, response) => {
    answer(broker, compiled, request).then(
      (reply) => write(response, reply === undefined && request.method !== 'GET' ? 204 : 200, reply),
      (error: unknown) => refuse(broker, response, error),
    );
  };
}

async function answer(broker: Broker, routes: readonly CompiledRoute[], request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const segments = url.pathname.replace(/\/+$/, '').split('/');
  const body = await readBody(request);
  const matching = routes.filter((route) => isMatch(route.segments, segments));
  const route = matching.find(({ method }) => method === request.method);
  if (!route)
    throw new AdminError(
      matching.length > 0 ? 405 : 404,
      `No ${request.method} ${url.pathname} in the embedded broker`,
    );
  const params = Object.fromEntries(
    route.segments.flatMap((name, i) =>
      name.startsWith(':') ? [[name.slice(1), decodeURIComponent(segments[i] as string)]] : [],
    ),
  );
  const hostName = (request.headers.host ?? '127.0.0.1').replace(/:\d+$/, '');
  return route.handler({ broker, params, query: url.searchParams, body, hostName });
}

function isMatch(pattern: readonly string[], segments: readonly string[]): boolean {
  return pattern.length === segments.length && pattern.every((part, i) => part.startsWith(':') || part === segments[i]);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) throw new AdminError(413, 'Request body too large');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function isRaw(reply: unknown): reply is RawReply {
  return typeof reply === 'object' && reply !== null && 'bytes' in reply && 'headers' in reply;
}

function write(response: ServerResponse, status: number, reply: unknown): void {
  if (reply === undefined) response.writeHead(status).end();
  else if (isRaw(reply)) response.writeHead(status, reply.headers).end(reply.bytes);
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
}

function refuse(broker: Broker, response: ServerResponse, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  const status = statusOf(error);
  if (status === 500) broker.settings.log(`admin request failed: ${reason}`);
  write(response, status, { reason });
}

function statusOf(error: unknown): number {
  if (error instanceof AdminError) return error.status;
  return error instanceof BrokerError ? error.httpStatus : 500;
}
