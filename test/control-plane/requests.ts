import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/** One part of a form. */
export interface TestPart {
  readonly name: string;
  readonly body: string;
  readonly contentType?: string;
  readonly filename?: string;
}

/** A request as a test writes it. */
export interface TestRequest {
  readonly method: string;
  readonly path: string;
  readonly parts?: readonly TestPart[];
  /** Bytes are sent in base 64, as API Gateway sends what is no text. */
  readonly body?: string | Buffer;
  readonly contentType?: string;
  readonly base64?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

const BOUNDARY = 'test-boundary-4f1a';

/** Body of a form as curl and pulsar-admin send it. */
export const formBody = (parts: readonly TestPart[]): string =>
  `${parts
    .map(({ name, filename, contentType, body }) => {
      const file = filename === undefined ? '' : `; filename="${filename}"`;
      const type = contentType === undefined ? '' : `\r\nContent-Type: ${contentType}`;
      return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}${type}\r\n\r\n${body}\r\n`;
    })
    .join('')}--${BOUNDARY}--\r\n`;

/** An event of an HTTP API, payload format 2.0. */
export const eventOf = ({
  method,
  path,
  parts,
  body,
  contentType,
  base64,
  headers,
}: TestRequest): APIGatewayProxyEventV2 => {
  const type = parts ? `multipart/form-data; boundary=${BOUNDARY}` : contentType;
  const content = parts ? formBody(parts) : body;
  const isBase64Encoded = base64 ?? content instanceof Buffer;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path.split('?')[0] ?? '',
    rawQueryString: path.split('?')[1] ?? '',
    headers: { accept: '*/*', ...(type && { 'content-type': type }), ...headers },
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'api.example',
      domainPrefix: 'api',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'request-1',
      routeKey: '$default',
      stage: '$default',
      time: '01/Jan/2027:00:00:00 +0000',
      timeEpoch: 0,
    },
    isBase64Encoded,
    ...(content !== undefined && { body: Buffer.from(content).toString(isBase64Encoded ? 'base64' : 'utf8') }),
  };
};
