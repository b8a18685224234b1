import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ASKS, SECRET } from './aws-asks.ts';

/**
 * What each connector of AWS says of an endpoint with an unknown certificate, and of one without TLS: its code, once each. A process of its own, as the SDK takes errors
 * of another realm, such as Jest's, for none, and their codes with them.
 */
const fixture = (name: string) => readFileSync(new URL(`../pulsar/fixtures/localhost.${name}.pem`, import.meta.url));
const servers = [createTlsServer({ key: fixture('key'), cert: fixture('cert') }), createServer()];
const said: Record<string, string[]> = {};
for (const server of servers) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (const [name, ask] of Object.entries(ASKS)) {
    const error = (await ask(`https://127.0.0.1:${port}`).catch((it: unknown) => it)) as Error & { code?: string };
    said[name] = [...(said[name] ?? []), error.message.includes(SECRET) ? 'a secret' : String(error.code)];
  }
}
process.stdout.write(JSON.stringify(said));
process.exit(0);
