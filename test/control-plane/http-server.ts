import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ControlPlane } from '../../src/control-plane/index.ts';
import HttpApiEvent from '../../src/emulator/offline/aws/http-api-event.ts';

/** The longest body that is read: what API Gateway would take. */
const MAX_BYTES = 10 * 1024 * 1024;

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes <= MAX_BYTES) chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
};

/** A control plane on a port of its own, fed with the events that API Gateway would make. */
export const serveControlPlane = async (controlPlane: ControlPlane) => {
  const server = createServer(async (request, response) => {
    const payload = await bodyOf(request);
    const raw = { req: Object.assign(request, { payload: payload.length > 0 ? payload : null }) };
    const info = { received: Date.now(), remoteAddress: '127.0.0.1' };
    const event = new HttpApiEvent({ method: request.method ?? 'GET', params: {}, info, raw }, '$default', '$default');
    const answer = await controlPlane(event.create(), AbortSignal.timeout(60_000));
    response.writeHead(answer.statusCode, answer.headers as Record<string, string> | undefined).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.closeAllConnections() ?? server.close(resolve)),
  };
};
