import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A server between a program and DynamoDB that sees which writes took effect. */
export interface CountingProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** How often an item with this `n` was put and not refused. */
  effectsOf(n: number): number;
}

/** Passes everything on to `endpoint`, and counts the PutItem requests that it answered with success, by the number `n` of their item. */
export const countingProxy = async (endpoint: string): Promise<CountingProxy> => {
  const { hostname, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true });
  const effects = new Map<number, number>();
  const note = (body: Buffer): void => {
    const n = Number((JSON.parse(body.toString()) as { Item: { n: { N: string } } }).Item.n.N);
    effects.set(n, (effects.get(n) ?? 0) + 1);
  };
  const server = createServer(async (incoming, outgoing) => {
    // Undefined: its sender was killed in the middle of it.
    const body = await buffer(incoming).catch(() => undefined);
    if (!body) return;
    const isPut = incoming.headers['x-amz-target'] === 'DynamoDB_20120810.PutItem';
    const { method, url: path, headers } = incoming;
    const passed = request({ agent, hostname, port, method, path, headers }, (answer) => {
      if (isPut && answer.statusCode === 200) note(body);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing.on('error', () => answer.resume()));
    });
    passed.on('error', () => outgoing.destroy());
    passed.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    effectsOf: (n) => effects.get(n) ?? 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
};
