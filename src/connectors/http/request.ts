import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { LINK_LOCAL } from './link-local.ts';
import type { HttpSinkConfig } from './sink-config.ts';

/** What came back; its body is nobody's business. */
export interface HttpAnswer {
  readonly status: number;
  /** Milliseconds that the target asks to wait; undefined when it does not. */
  readonly retryAfterMs: number | undefined;
}

/** Sends requests to one address, over connections that are kept. */
export interface HttpClient {
  /** Rejects when no answer came: the request may have had its effect. Redirections are answers. */
  send(headers: Readonly<Record<string, string>>, body: Buffer, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

/** A longer answer is cut off, and its connection with it. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** A client for a configuration; connects with the first request. */
export const httpClient = (config: HttpSinkConfig): HttpClient => {
  const { url, method, requestTimeoutMs, concurrency, caCertificate, allowLinkLocal } = config;
  const options = { keepAlive: true, maxSockets: concurrency, ...(!allowLinkLocal && { blockList: LINK_LOCAL }) };
  const isTls = new URL(url).protocol === 'https:';
  const agent = isTls
    ? new HttpsAgent({ ...options, ...(caCertificate !== undefined && { ca: caCertificate }) })
    : new HttpAgent(options);
  const request = isTls ? httpsRequest : httpRequest;
  return {
    send: (headers, body, signal) => {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]);
      const sized = { ...headers, 'content-length': String(body.length) };
      return answered(request(url, { method, headers: sized, agent, signal: deadline }), body);
    },
    close: () => agent.destroy(),
  };
};

const answered = (request: ClientRequest, body: Buffer): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      const answer = { status: response.statusCode ?? 0, retryAfterMs: retryAfterOf(response) };
      // The status decides, also when the rest is lost.
      response.once('error', () => resolve(answer));
      response.once('close', () => resolve(answer));
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) response.destroy();
      });
    });
    request.end(body);
  });

/** Seconds, or a date (RFC 9110, 10.2.3). */
const retryAfterOf = ({ headers: { 'retry-after': text } }: IncomingMessage): number | undefined => {
  if (text === undefined) return undefined;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
};
