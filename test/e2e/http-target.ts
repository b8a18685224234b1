import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from './target.ts';

const application = fileURLToPath(new URL('http-application.ts', import.meta.url));

/** A web application that knows a record again by its id: what had an effect is counted there. */
export const httpTarget = async (): Promise<Target> => {
  const file = join(mkdtempSync(join(tmpdir(), 'pio-target-')), 'effects');
  writeFileSync(file, '');
  const child = spawn(process.execPath, [application, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const read = async (): Promise<readonly number[]> => readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number);
  const rows = async (): Promise<number> => (await read()).length;
  const distinct = async (): Promise<number> => new Set(await read()).size;
  return {
    name: 'a web application',
    sinkType: 'http',
    configs: { url: `http://127.0.0.1:${String(port).trim()}/records`, idempotencyHeader: 'Idempotency-Key' },
    sourceConfigs: {},
    repeatsAreRows: false,
    rows,
    distinct,
    read,
    repeatedWrites: async () => (await rows()) - (await distinct()),
    [Symbol.asyncDispose]: async () => void child.kill('SIGKILL'),
  };
};
