import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { jsonBytes, PAYLOAD_LIMITS } from './limits.ts';

/** The part of hapi's request that is used. */
interface HapiRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly info: { readonly received: number; readonly remoteAddress: string };
  /** serverless-offline puts the body's bytes on the raw request. */
  readonly raw: { readonly req: IncomingMessage & { readonly payload?: Buffer | null } };
}

/**
 * The event of an HTTP API, payload format 2.0 (API Gateway Developer Guide, "Work with AWS Lambda proxy integrations for HTTP APIs"). In the place of
 * serverless-offline's own `LambdaProxyIntegrationEventV2`, which spoils bodies that are not UTF-8 text, takes the quotes from a JSON text and loses `null`.
 */
export default class HttpApiEvent {
  readonly #request: HapiRequest;
  readonly #stage: string;
  readonly #routeKey: string;

  constructor(request: HapiRequest, stage: string, routeKey: string) {
    this.#request = request;
    this.#stage = stage;
    this.#routeKey = routeKey;
  }

  /** Throws what hapi answers with 413 when Lambda would not take the event: a body in base64 has a third more bytes. */
  create(): APIGatewayProxyEventV2 {
    const event = this.#event();
    if (jsonBytes(event) > PAYLOAD_LIMITS.request) throw tooLarge();
    return event;
  }

  #event(): APIGatewayProxyEventV2 {
    const { raw, params, info, method } = this.#request;
    const { rawHeaders, url = '/' } = raw.req;
    const { cookie, ...headers } = joinedHeaders(rawHeaders);
    const [path = '/', query = ''] = splitOnce(url, '?');
    const body = raw.req.payload ?? undefined;
    return {
      version: '2.0',
      routeKey: this.#routeKey,
      rawPath: path,
      rawQueryString: query,
      ...(cookie !== undefined && { cookies: cookie.split(/; ?/) }),
      headers,
      ...(query !== '' && { queryStringParameters: joined([...new URLSearchParams(query)]) }),
      requestContext: {
        accountId: '000000000000',
        apiId: 'offline',
        domainName: headers.host ?? 'localhost',
        domainPrefix: 'offline',
        http: {
          method: method.toUpperCase(),
          path,
          protocol: `HTTP/${raw.req.httpVersion}`,
          sourceIp: info.remoteAddress,
          userAgent: headers['user-agent'] ?? '',
        },
        requestId: randomUUID(),
        routeKey: this.#routeKey,
        stage: this.#stage,
        time: logTime(info.received),
        timeEpoch: info.received,
      },
      ...(Object.keys(params).length > 0 && { pathParameters: params }),
      ...bodyOf(body, headers),
    };
  }
}

/** hapi knows errors with an answer by these fields. */
const tooLarge = (): Error => {
  const message = 'Request Entity Too Large';
  const output = { statusCode: 413, payload: { message }, headers: {} };
  return Object.assign(new Error(message), { isBoom: true, isServer: false, output });
};

/** As in web servers' logs: `21/Nov/2026:08:00:00 +0000`. */
const logTime = (ms: number): string => {
  const [, day, month, year, time] = new Date(ms).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
};

/** Text types stay text; everything else is base64, and so is what no text could carry unchanged. */
const bodyOf = (
  body: Buffer | undefined,
  { 'content-type': type = '', 'content-encoding': encoding }: Readonly<Record<string, string>>,
): { isBase64Encoded: boolean; body?: string } => {
  if (!body || body.length === 0) return { isBase64Encoded: false };
  const isText = /^(text\/|application\/(json|javascript|xml)\b)/i.test(type) && !encoding && isUtf8(body);
  return { isBase64Encoded: !isText, body: body.toString(isText ? 'utf8' : 'base64') };
};

const joinedHeaders = (rawHeaders: readonly string[]): Record<string, string> => {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    pairs.push([String(rawHeaders[i]).toLowerCase(), String(rawHeaders[i + 1])]);
  return joined(pairs);
};

/** Values of one name, joined by commas. */
const joined = (pairs: readonly (readonly [string, string])[]): Record<string, string> => {
  const values = new Map<string, string>();
  for (const [name, value] of pairs) values.set(name, values.has(name) ? `${values.get(name)},${value}` : value);
  return Object.fromEntries(values);
};

const splitOnce = (text: string, separator: string): string[] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
};
