import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { PulsarIoError } from '../core/errors.ts';
import { authenticate } from './access/authenticate.ts';
import { authorize, type Caller } from './access/authorize.ts';
import type { ControlPlaneDeps } from './deps.ts';
import { type AdminRequest, readRequest } from './http/admin-request.ts';
import { type Answer, json, refusal } from './http/answers.ts';
import { openApiDocument } from './openapi/document.ts';
import { type Destination, findRoute } from './router.ts';
import type { Route } from './routes.ts';

export type { ControlPlaneDeps } from './deps.ts';
export type { Answer } from './http/answers.ts';

/** Answers one event of an API Gateway HTTP API (payload format 2.0). Never rejects: every error is an answer with a `reason`. */
export type ControlPlane = (event: APIGatewayProxyEventV2, signal: AbortSignal) => Promise<Answer>;

/** Pulsar's sources and sinks admin API (PULSAR-ADMIN-CONTRACT) over a registry. */
export const createControlPlane =
  (deps: ControlPlaneDeps): ControlPlane =>
  async (event, signal) => {
    try {
      if (event.rawPath.endsWith(OPENAPI_PATH) && isRead(event)) return json(openApiDocument(deps.catalogue));
      const request = readRequest(event);
      const answer = await serve(deps, request, signal);
      return request.method === 'HEAD' ? { statusCode: answer.statusCode, headers: answer.headers ?? {} } : answer;
    } catch (error) {
      if (!(error instanceof PulsarIoError) || error.httpStatus >= 500) deps.onError(error);
      return refusal(error, event.requestContext?.requestId ?? 'unknown');
    }
  };

/** Open to everybody: it tells what can be asked, nothing of what is there. */
const OPENAPI_PATH = '/openapi.json';

const isRead = ({ requestContext: { http } }: APIGatewayProxyEventV2): boolean => http.method === 'GET';

/** The pipeline of a request. Whatever must hold for every operation goes between the route, which knows the names, and the operation. */
const serve = async (deps: ControlPlaneDeps, request: AdminRequest, signal: AbortSignal): Promise<Answer> => {
  const role = deps.access && (await authenticate(request.headers, deps.access.tokens));
  const destination = findRoute(request.method, request.segments);
  if ('allow' in destination) return optionsAnswer(destination.allow);
  const { words, parameters, route } = destination;
  const caller = role === undefined ? undefined : await letPass(deps, destination, request, role, signal);
  checkBodyType(route, request);
  return route.operation({ deps, words, parameters, request, caller, signal });
};

const letPass = async (
  { access, pulsar }: ControlPlaneDeps,
  { words: { kind }, route, parameters: { tenant = '', namespace = '' } }: Destination,
  { headers }: AdminRequest,
  role: string,
  signal: AbortSignal,
): Promise<Caller | undefined> => {
  if (!access) return undefined;
  const originalPrincipal = headers['x-original-principal'];
  const request = { access: route.access, kind, tenant, namespace, role, originalPrincipal };
  return authorize(request, access.roles, pulsar, signal);
};

const optionsAnswer = (allow: readonly string[]): Answer => ({
  statusCode: 200,
  headers: { 'content-type': 'text/plain', allow: allow.join(',') },
  body: allow.join(', '),
});

const checkBodyType = ({ accepts }: Route, { method, contentType }: AdminRequest): void => {
  if (accepts !== 'nothing' || method !== 'POST' || contentType === undefined) return;
  if (/^(application\/json|\*\/\*)\s*(;|$)/i.test(contentType)) return;
  throw new PulsarIoError(
    'PIO_UNSUPPORTED_MEDIA_TYPE',
    'This path takes no body; send none, or an empty one as application/json (curl: -X POST without -d)',
  );
};
