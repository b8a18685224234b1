import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A web application in a process of its own: `n` of every request that has an effect is a line of the file that it is told, in the order of the effects. It does nothing for an
 * idempotency key that it has seen. Tells its port on its output.
 */
const [file = ''] = process.argv.slice(2);
const seen = new Set<string>();

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || !seen.has(key)) {
    if (typeof key === 'string') seen.add(key);
    const { n } = JSON.parse(Buffer.concat(chunks).toString()) as { n: number };
    appendFileSync(file, `${n}\n`);
  }
  response.end();
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
