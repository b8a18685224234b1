import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A mapping as Lambda shows it. */
export interface Mapping {
  UUID: string;
  EventSourceArn: string;
  FunctionArn: string;
  State: string;
  BatchSize: number;
  Tags?: Record<string, string>;
  FunctionResponseTypes?: string[];
  [other: string]: unknown;
}

interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

/** Event source mappings as Lambda's API has them (API version 2015-03-31), in memory and with every change at once. */
export class LambdaMappings {
  readonly mappings: Mapping[] = [];
  /** Method and path of every request. */
  readonly requests: string[] = [];
  /** Mappings that one answer lists; Lambda's is 100. */
  pageSize = 100;
  /** Id of a mapping that can be neither changed nor deleted. */
  stuck: string | undefined;
  /** What the next requests are refused with. */
  refusal: Refusal | undefined;

  #answer(method: string, url: URL, body: Record<string, unknown>): { status: number; body: unknown } {
    if (this.refusal) return refused(this.refusal);
    const uuid = url.pathname.split('/')[3];
    const found = this.mappings.find(({ UUID }) => UUID === uuid);
    if (method === 'GET') return { status: 200, body: this.#list(url.searchParams) };
    if (method === 'POST') return this.#create(body);
    if (!found) return refused({ status: 404, type: 'ResourceNotFoundException', message: 'no such mapping' });
    if (uuid === this.stuck) return refused({ status: 400, type: 'InvalidParameterValueException', message: 'stuck' });
    if (method === 'PUT') return { status: 202, body: Object.assign(found, changed(body)) };
    this.mappings.splice(this.mappings.indexOf(found), 1);
    return { status: 202, body: { ...found, State: 'Deleting' } };
  }

  #list(query: URLSearchParams): { EventSourceMappings: Mapping[]; NextMarker?: string } {
    const [arn, ends] = [query.get('EventSourceArn'), `:function:${query.get('FunctionName')}`];
    const found = this.mappings.filter(
      ({ EventSourceArn, FunctionArn }) => (arn === null || EventSourceArn === arn) && FunctionArn.endsWith(ends),
    );
    const [start, end] = [Number(query.get('Marker') ?? 0), Number(query.get('Marker') ?? 0) + this.pageSize];
    return { EventSourceMappings: found.slice(start, end), ...(end < found.length && { NextMarker: String(end) }) };
  }

  #create(body: Record<string, unknown>): { status: number; body: unknown } {
    const { FunctionName, EventSourceArn } = body as { FunctionName: string; EventSourceArn: string };
    const FunctionArn = `arn:aws:lambda:us-east-1:123456789012:function:${FunctionName}`;
    if (this.mappings.some((it) => it.EventSourceArn === EventSourceArn && it.FunctionArn === FunctionArn))
      return refused({ status: 409, type: 'ResourceConflictException', message: 'it exists' });
    const mapping = { UUID: randomUUID(), EventSourceArn, FunctionArn, ...changed(body) } as Mapping;
    this.mappings.push(mapping);
    return { status: 202, body: mapping };
  }

  /** Serves at a port of loopback until it is disposed of. */
  async serve(): Promise<{ readonly endpoint: string } & Disposable> {
    const server = createServer((request: IncomingMessage, response) => {
      const url = new URL(request.url ?? '/', 'http://lambda');
      this.requests.push(`${request.method} ${url.pathname}`);
      const hasBody = request.method === 'POST' || request.method === 'PUT';
      void (hasBody ? json(request) : Promise.resolve({})).then((body) => {
        const answer = this.#answer(request.method ?? '', url, body as Record<string, unknown>);
        const type = this.refusal?.type ?? (answer.body as { __type?: string }).__type;
        response.writeHead(answer.status, {
          'content-type': 'application/json',
          ...(answer.status >= 400 && { 'x-amzn-errortype': type }),
        });
        response.end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { endpoint, [Symbol.dispose]: () => void server.close() };
  }
}

const changed = ({ Enabled, FunctionName: _, ...body }: Record<string, unknown>) => ({
  ...body,
  State: Enabled ? 'Enabled' : 'Disabled',
});

const refused = ({ status, type, message }: Refusal) => ({
  status,
  body: { __type: type, Message: message, Type: 'User' },
});
