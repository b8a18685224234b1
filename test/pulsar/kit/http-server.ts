import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the tests see it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What to answer; an object as `body` is sent as JSON. */
export interface TestAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** A web server that does what a test tells it. */
export interface TestHttpServer {
  /** `http://127.0.0.1:N` */
  readonly url: string;
  readonly seen: SeenRequest[];
  stop(): Promise<void>;
}

/** Starts a web server on an ephemeral port; an answer of undefined is never given. */
export async function startHttpServer(
  answer: (request: SeenRequest) => TestAnswer | undefined,
): Promise<TestHttpServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, headers, body: Buffer.concat(chunks).toString() };
    seen.push(request);
    const given = answer(request);
    if (given === undefined) return;
    outgoing.writeHead(given.status ?? 200, given.headers);
    outgoing.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
