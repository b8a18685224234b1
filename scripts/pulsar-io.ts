import process from 'node:process';
import { runCli } from '../src/cli/main.ts';

const asked = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => asked.abort());
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  fetch,
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  signal: asked.signal,
  ...(process.stdout.columns && { columns: process.stdout.columns }),
});
