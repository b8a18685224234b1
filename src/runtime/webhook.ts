import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type Connector, connectorPath, desiredState, type SourceConnector } from '../core/connector.ts';
import type { EventSourceType, HttpEvent } from '../core/connector-type.ts';
import { PulsarIoError, toPulsarIoError } from '../core/errors.ts';
import type { ConnectorName } from '../core/registry.ts';
import { publishEvent } from './event-source-run.ts';
import type { RunDeps } from './run-deps.ts';
import { WarmOutputs } from './warm-outputs.ts';

/** Answers one webhook request. Never rejects: a failure is an answer that tells the sender whether to send again. */
export type Webhook = (
  event: APIGatewayProxyEventV2,
  signal: AbortSignal,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** Webhooks of all `http` sources; keeps the producers of those that were called warm. */
export const createWebhook = (deps: RunDeps): Webhook => {
  const outputs = new WarmOutputs(deps);
  return async (event, signal) => {
    let speak: ((error?: Error) => object) | undefined;
    try {
      const { connector, type } = await findSource(event, deps);
      const request = toHttpEvent(event, deps);
      if (type.answer) speak = (error) => type.answer?.(request, error, deps.clock.nowMs()) ?? {};
      const output = await outputs.of(connector, signal);
      const { records } = await publishEvent(connector, type, request, output, deps, signal);
      return speak ? answer(200, speak()) : answer(202, { accepted: records });
    } catch (cause) {
      const error = toPulsarIoError(cause, 'PIO_INTERNAL', 'accepting the request');
      if (error.httpStatus >= 500) deps.log.warn('webhook failed', { code: error.code, error: error.message });
      return answer(error.httpStatus, speak?.(error) ?? { reason: error.message });
    }
  };
};

const answer = (statusCode: number, body: object): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const findSource = async (
  { rawPath }: APIGatewayProxyEventV2,
  deps: RunDeps,
): Promise<{ connector: SourceConnector; type: EventSourceType }> => {
  const name = readName(rawPath);
  const connector = (await deps.registry.get(name))?.connector;
  const type = connector && isServed(connector) ? deps.catalogue.source(connector.type) : undefined;
  if (connector?.kind !== 'source' || type?.source !== 'event') {
    throw new PulsarIoError('PIO_NOT_FOUND', `there is no webhook source ${connectorPath(name)}`);
  }
  if (desiredState(connector, 0) === 'STOPPED') {
    throw new PulsarIoError('PIO_SOURCE_UNAVAILABLE', `source ${connectorPath(name)} is stopped; send again later`);
  }
  return { connector, type };
};

const isServed = (connector: Connector): boolean => !connector.deleting;

const readName = (rawPath: string): ConnectorName => {
  const [tenant, namespace, name, ...rest] = (rawPath.split('/webhooks/')[1] ?? '').split('/').map(decode);
  if (tenant && namespace && name && rest.length === 0) return { tenant, namespace, name };
  throw new PulsarIoError('PIO_NOT_FOUND', 'a webhook is at /webhooks/{tenant}/{namespace}/{source name}');
};

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', 'the path is not valid percent-encoded UTF-8', { cause });
  }
};

const toHttpEvent = (event: APIGatewayProxyEventV2, { clock }: RunDeps): HttpEvent => ({
  method: event.requestContext.http.method,
  path: event.rawPath,
  headers: Object.fromEntries(
    Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value ?? '']),
  ),
  body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  receivedAtMs: clock.nowMs(),
});
