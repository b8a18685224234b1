import type { AddressInfo, Server } from 'node:net';

/** Listens; resolves with the port. Rejects with an error that names the port when it is taken. */
export function listen(server: Server, host: string, port: number, purpose: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${cause.code ?? cause.message})`;
      reject(new Error(`port ${port} on ${host} for ${purpose} ${why}`, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
