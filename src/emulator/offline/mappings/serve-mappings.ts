import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { EventSourceMappings, Given } from './event-source-mappings.ts';
import { LambdaError } from './mapping.ts';

/** Path of the calls, behind which a mapping's id may follow. */
export const MAPPINGS_PATH = '/2015-03-31/event-source-mappings';

interface Answer {
  readonly statusCode: number;
  readonly body: object;
}

/** Answers Lambda's calls for event source mappings: create, get, list, update, delete. */
export const serveMappings =
  (mappings: EventSourceMappings) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    answer(mappings, request)
      .catch(refusal)
      .then(({ statusCode, body }) => {
        const { __type: type } = body as { __type?: string };
        response.writeHead(statusCode, {
          'content-type': 'application/json',
          ...(type && { 'x-amzn-errortype': type }),
        });
        response.end(JSON.stringify(body));
      })
      .catch(() => response.destroy());
  };

const answer = async (mappings: EventSourceMappings, request: IncomingMessage): Promise<Answer> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://lambda');
  const uuid = pathname.slice(MAPPINGS_PATH.length).replaceAll('/', '');
  const body: Given = JSON.parse((await text(request)) || '{}');
  const isOne = uuid !== '';
  if (request.method === 'GET' && isOne) return { statusCode: 200, body: mappings.get(uuid) };
  if (request.method === 'GET') {
    const EventSourceMappings = mappings.list(searchParams.get('EventSourceArn'), searchParams.get('FunctionName'));
    return { statusCode: 200, body: { EventSourceMappings } };
  }
  if (request.method === 'POST' && !isOne) return { statusCode: 202, body: await mappings.create(body) };
  if (request.method === 'PUT' && isOne) return { statusCode: 202, body: await mappings.update(uuid, body) };
  if (request.method === 'DELETE' && isOne)
    return { statusCode: 202, body: { ...mappings.delete(uuid), State: 'Deleting' } };
  throw new LambdaError(405, 'MethodNotAllowedException', `${request.method} is no call of ${pathname}`);
};

const refusal = (error: unknown): Answer => {
  const { statusCode, name, message } =
    error instanceof LambdaError ? error : new LambdaError(500, 'ServiceException', String(error));
  return { statusCode, body: { __type: name, Type: statusCode < 500 ? 'User' : 'Service', Message: message } };
};
