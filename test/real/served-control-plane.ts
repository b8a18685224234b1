import { afterAll, beforeAll } from '@jest/globals';
import { createControlPlane } from '../../src/control-plane/index.ts';
import { startControlPlane, type TestControlPlane } from '../control-plane/harness.ts';
import { serveControlPlane } from '../control-plane/http-server.ts';

/** What the tests of a suite talk to; there while they run. */
export interface ServedControlPlane<Client> {
  readonly controlPlane: TestControlPlane;
  readonly client: Client;
  readonly url: string;
}

/** A control plane on a port of its own, and one of Pulsar's own clients that is given its address: started before a suite's tests, closed after them. */
export const useServedControlPlane = <Client extends AsyncDisposable>(
  startClient: (url: string) => Promise<Client>,
): ServedControlPlane<Client> => {
  const served: { -readonly [K in keyof ServedControlPlane<Client>]?: ServedControlPlane<Client>[K] } = {};
  let server: Awaited<ReturnType<typeof serveControlPlane>> | undefined;
  beforeAll(async () => {
    served.controlPlane = await startControlPlane();
    server = await serveControlPlane(createControlPlane(served.controlPlane.deps));
    served.url = server.url;
    served.client = await startClient(server.url);
  });
  afterAll(async () => {
    await served.client?.[Symbol.asyncDispose]();
    await server?.close();
    await served.controlPlane?.close();
  });
  return served as ServedControlPlane<Client>;
};
