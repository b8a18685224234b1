import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';
import { planted, secretWatch } from './planted.ts';

const SECRET = planted('leak');

test('console', () => console.log('a', { token: SECRET }));
test('stdout', () => void process.stdout.write(`${SECRET}\n`));
test('process', async () => {
  const script = `process.stderr.write('${SECRET.slice(0, 5)}'); setTimeout(() => process.stderr.write('${SECRET.slice(5)}'), 50)`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.resume();
  await once(child, 'close');
});
test('answer', async () => {
  const server = createServer((_, response) =>
    response.setHeader('content-type', 'application/json').end(`"${SECRET}"`),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
  server.close();
});
test('base64', () => secretWatch().look(Buffer.from(SECRET).toString('base64'), 'somewhere'));
test('clean', () => console.log('nothing'));
test('file', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'pio-leak-')), 'log');
  appendFileSync(file, SECRET);
  secretWatch().files.add(file);
});
