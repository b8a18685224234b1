import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { ASKS, type Ask, SECRET } from './aws-asks.ts';

/** A service that refuses every request in AWS's JSON protocols; the answer to a HEAD has no text. */
const refusing = async (status: number, type: string) => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify({ __type: type, message: 'm' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => server.close() };
};

const misconfigured = (name: string): string =>
  name.startsWith('sink') ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SOURCE_MISCONFIGURED';

const answers: [string, number, string][] = Object.keys(ASKS).flatMap((name) => [
  [name, 400, 'ExpiredTokenException'],
  [name, 400, 'UnrecognizedClientException'],
  [name, 400, 'MissingAuthenticationTokenException'],
  [name, 403, 'AccessDeniedException'],
]);

test.each(answers)('%s says that an operator has to mend %i %s', async (name, status, type) => {
  using server = await refusing(status, type);
  const error = await (ASKS[name] as Ask)(server.endpoint).catch((it: unknown) => it);
  expect(error).toMatchObject({ code: misconfigured(name), disposition: 'retry' });
  const { message } = error as Error;
  expect(message).not.toContain(SECRET);
  expect(message).toMatch(name === 'sink s3' ? new RegExp(`answers ${status}: .*credentials`) : type);
});

test('all say that TLS does not fit, on either side', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'aws-tls-child.ts')]);
  const expected = Object.keys(ASKS).map((name) => [name, [misconfigured(name), misconfigured(name)]]);
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(expected));
});
