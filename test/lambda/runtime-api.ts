import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What a runtime posted. */
export interface Posted {
  readonly kind: 'response' | 'error' | 'init-error';
  readonly body: Buffer;
}

/** One invocation as the runtime gets it. */
export interface Given {
  readonly id: string;
  readonly payload: Buffer;
  readonly deadlineMs: number;
  readonly functionArn: string;
}

const PREFIX = '/2018-06-01/runtime/';

/** The server side of Lambda's Runtime API for one execution environment: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
export class RuntimeApi {
  readonly #server: Server;
  #waiting: ServerResponse | undefined;
  #onReady: (() => void) | undefined;
  #onPosted: ((posted: Posted) => void) | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  /** Serves on a free port of 127.0.0.1. */
  static async start(): Promise<RuntimeApi> {
    const api = new RuntimeApi();
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` says it. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when the runtime asks for an invocation, with what it posted instead when it could not be initialised. */
  ready(): Promise<Posted | undefined> {
    if (this.#waiting) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#onReady = () => resolve(undefined);
      this.#onPosted = resolve;
    });
  }

  /** Gives an invocation to a runtime that is ready; resolves with what it posts. */
  give({ id, payload, deadlineMs, functionArn }: Given): Promise<Posted> {
    const response = this.#waiting;
    if (!response) throw new Error('the runtime has not asked for an invocation');
    this.#waiting = undefined;
    const posted = new Promise<Posted>((resolve) => {
      this.#onPosted = resolve;
    });
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': id,
      'Lambda-Runtime-Deadline-Ms': String(deadlineMs),
      'Lambda-Runtime-Invoked-Function-Arn': functionArn,
      'Lambda-Runtime-Trace-Id': `Root=1-${id}`,
    });
    response.end(payload);
    return posted;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').slice(PREFIX.length);
    if (path === 'invocation/next') {
      this.#waiting = response;
      this.#onReady?.();
      return;
    }
    const body = await buffer(request);
    response.writeHead(202).end();
    const kind = path === 'init/error' ? 'init-error' : path.endsWith('/error') ? 'error' : 'response';
    this.#onPosted?.({ kind, body });
  }
}
