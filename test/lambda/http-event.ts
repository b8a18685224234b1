import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/** A request as an HTTP API (payload 2.0) gives it to a function. `target`: path and query. */
export const httpEvent = (
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): APIGatewayProxyEventV2 => {
  const url = new URL(target, 'http://cloud');
  const http = { method, path: url.pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: '' };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers,
    requestContext: { http, stage: '$default', requestId: 'e2e' } as APIGatewayProxyEventV2['requestContext'],
    body: body.toString('base64'),
    isBase64Encoded: true,
  };
};

/** Headers of a request of Node's server, joined as an HTTP API joins them. */
export const joinedHeaders = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
