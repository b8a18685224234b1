import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that answers each line of JSON with one: many calls cost one start. */
export interface JsonLines extends AsyncDisposable {
  /** One question at a time; rejects when the program ends or does not answer within 30 s. */
  ask(question: unknown): Promise<unknown>;
}

const ANSWER_TIMEOUT_MS = 30_000;

/** Starts a program that reads and writes such lines; `name` is for errors. */
export const startJsonLines = (name: string, file: string, args: readonly string[]): JsonLines => {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const answers = createInterface({ input: child.stdout });
  return {
    ask: async (question) => {
      const text = JSON.stringify(question);
      const answer = once(answers, 'line', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      child.stdin.write(`${text}\n`);
      const [line] = await Promise.race([
        answer,
        ended.then(() => Promise.reject(new Error(`${name} ended at ${text}`))),
      ]);
      return JSON.parse(line);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
