/**
 * Run by jest before every test file of both suites: a planted secret (`planted.ts`) in what a test or a process that it starts prints, in an answer to `fetch` or of
 * the control plane, or in a log file fails the test that is running.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { format, promisify } from 'node:util';
import { afterAll, afterEach } from '@jest/globals';
import { hasPlanted, MARKER, setSecretWatch } from './planted.ts';

/** Characters around a find that are shown, and between two chunks that may divide one. */
const AROUND = 120;

/** For answers that are still being read when a file's tests have ended: one that never ends is left. */
const PATIENCE_MS = 2_000;

const leaks: string[] = [];
const files = new Set<string>();
const pending = new Set<Promise<unknown>>();
const restores: (() => void)[] = [];

const look = (text: string, where: string): void => {
  if (!hasPlanted(text)) return;
  const at = Math.max(0, text.indexOf(MARKER));
  leaks.push(`${where}: …${text.slice(Math.max(0, at - AROUND), at + AROUND)}…`);
};

/** Chunk after chunk of one stream. */
const lookAtChunks = (where: string) => {
  let before = '';
  return (chunk: unknown): void => {
    const text = before + (typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('latin1'));
    look(text, where);
    before = hasPlanted(text) ? '' : text.slice(-MARKER.length * 2);
  };
};

/** Puts `make(original)` in the place of a method until the file's tests have ended. */
const wrap = <Name extends string>(
  owner: Record<Name, unknown>,
  name: Name,
  // biome-ignore lint/suspicious/noExplicitAny: methods of any shape are passed through
  make: (original: any) => unknown,
): void => {
  const original = owner[name];
  owner[name] = make(original);
  restores.push(() => {
    owner[name] = original;
  });
};

const watchReadable = (stream: Readable | null | undefined, where: string): void => {
  if (!stream) return;
  const see = lookAtChunks(where);
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, ...rest: []) => {
    if (chunk) see(chunk);
    return push(chunk, ...rest);
  };
};

const watchProcesses = (): void => {
  // Not imported: jest would hand out what the module had before.
  const childProcess = process.getBuiltinModule('node:child_process') as unknown as Record<string, unknown>;
  for (const name of ['spawn', 'execFile', 'fork']) {
    wrap(childProcess, name, (start: (...args: unknown[]) => ChildProcess) => {
      const watched = (...args: unknown[]) => {
        const child = start(...args);
        watchReadable(child.stdout, `stdout of ${String(args[0])}`);
        watchReadable(child.stderr, `stderr of ${String(args[0])}`);
        return child;
      };
      // `promisify(execFile)` is a function of its own, which is not watched.
      return Object.assign(watched, { [promisify.custom]: Reflect.get(start, promisify.custom) });
    });
  }
};

const watchOutput = (): void => {
  for (const name of ['stdout', 'stderr'] as const) {
    const see = lookAtChunks(name);
    wrap(process[name] as unknown as Record<string, unknown>, 'write', (write) => (...args: unknown[]) => {
      see(args[0]);
      return write.apply(process[name], args);
    });
  }
  for (const name of ['log', 'info', 'warn', 'error', 'debug']) {
    wrap(console as unknown as Record<string, unknown>, name, (print) => (...args: unknown[]) => {
      look(format(...args), `console.${name}`);
      print.apply(console, args);
    });
  }
};

const READABLE = /json|text|html|xml/;

const watchAnswers = (): void => {
  wrap(
    globalThis as unknown as Record<string, unknown>,
    'fetch',
    (ask: typeof fetch) =>
      async (...args: Parameters<typeof fetch>) => {
        const response = await ask(...args);
        look(JSON.stringify([...response.headers]), `headers of ${response.url}`);
        if (!READABLE.test(response.headers.get('content-type') ?? '') || !response.body) return response;
        const seen: Promise<unknown> = response
          .clone()
          .text()
          .then((text) => look(text, `answer of ${response.url}`))
          .catch(() => undefined)
          .finally(() => pending.delete(seen));
        pending.add(seen);
        return response;
      },
  );
};

const failIfLeaked = (): void => {
  const found = leaks.splice(0);
  if (found.length > 0)
    throw new Error(`planted secrets were seen (${found.length}):\n${found.slice(0, 5).join('\n')}`);
};

setSecretWatch({ look, files });
watchProcesses();
watchOutput();
watchAnswers();

afterEach(failIfLeaked);
afterAll(async () => {
  for (const restore of restores.reverse()) restore();
  await Promise.race([Promise.all(pending), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);
  for (const file of files) if (existsSync(file)) look(readFileSync(file, 'utf8'), file);
  failIfLeaked();
});
