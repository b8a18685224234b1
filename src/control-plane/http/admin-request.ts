import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { PulsarIoError } from '../../core/errors.ts';

/** Largest body that is taken, in bytes: a configuration is far smaller, and packages are not taken at all. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** A request to the admin API, as far as it matters. */
export interface AdminRequest {
  readonly method: string;
  /** Segments after `/admin/v3`, percent-decoded, without a trailing empty one; undefined for any other path. */
  readonly segments: readonly string[] | undefined;
  /** After the `?`; a name that is given twice has several values. */
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Value of the content-type header, undefined when there is none. */
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/**
 * Reads an API Gateway event (HTTP API, payload format 2.0). HTTP APIs hand over `rawPath` decoded, function URLs and emulators encoded:
 * both are read, and names that hold a `%` are refused, so that no two names are told apart by the one and not by the other.
 * Throws `PIO_PAYLOAD_TOO_LARGE` and `PIO_REQUEST_INVALID`.
 */
export const readRequest = (event: APIGatewayProxyEventV2): AdminRequest => {
  const headers = readHeaders(event);
  return {
    method: event.requestContext.http.method.toUpperCase(),
    segments: readPath(event),
    query: new URLSearchParams(event.rawQueryString ?? ''),
    headers,
    contentType: headers['content-type'],
    body: readBody(event),
  };
};

const readPath = ({ rawPath, requestContext: { stage } }: APIGatewayProxyEventV2): string[] | undefined => {
  const prefix = `/${stage}/`;
  const path = stage !== '$default' && rawPath.startsWith(prefix) ? rawPath.slice(prefix.length - 1) : rawPath;
  const [root, admin, version, ...segments] = path.split('/');
  if (root !== '' || admin !== 'admin' || version !== 'v3') return undefined;
  if (segments.at(-1) === '') segments.pop();
  return segments.map(decodeSegment);
};

const decodeSegment = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    const message = 'The path is not valid percent-encoded UTF-8: after each % there must be two hexadecimal digits';
    throw new PulsarIoError('PIO_REQUEST_INVALID', message, { cause });
  }
};

const readBody = ({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): Buffer => {
  const encoding = isBase64Encoded ? 'base64' : 'utf8';
  const bytes = Buffer.byteLength(body, encoding);
  if (bytes <= MAX_BODY_BYTES) return Buffer.from(body, encoding);
  throw new PulsarIoError(
    'PIO_PAYLOAD_TOO_LARGE',
    `The request body has ${bytes} bytes; at most ${MAX_BODY_BYTES} are taken. Packages cannot be uploaded here: name a connector type with "archive": "builtin://TYPE"`,
  );
};

const readHeaders = ({ headers = {} }: APIGatewayProxyEventV2): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value ?? '']));
