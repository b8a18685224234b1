import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Served {
  readonly url: string;
  close(): void;
}

const serve = async (listener: RequestListener): Promise<Served> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, close };
};

/** A target that keeps the newest version of each cell. */
export const startCells = async () => {
  const cells = new Map<string, { readonly version: number; readonly text: string }>();
  const served = await serve(async (request, answer) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://any');
    const text = Buffer.concat(await request.toArray()).toString();
    const version = Number(searchParams.get('version'));
    if (version > (cells.get(pathname)?.version ?? -1)) cells.set(pathname, { version, text });
    answer.end();
  });
  return { ...served, texts: () => [...cells.values()].map(({ text }) => text) };
};

/** A journal that only grows. */
export const startJournal = async () => {
  const lines: string[] = [];
  const served = await serve((request, answer) => {
    const after = Number(new URL(request.url ?? '', 'http://any').searchParams.get('after'));
    answer.end(JSON.stringify(lines.slice(after, after + 20)));
  });
  return { ...served, lines };
};
