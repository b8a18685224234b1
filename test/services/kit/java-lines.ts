import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compileJava } from './compile-java.ts';
import { java } from './java.ts';

/** A JVM that answers each line of JSON with one: many calls cost one start. */
export interface JavaLines extends AsyncDisposable {
  /** One question at a time; rejects when the JVM ends or does not answer within 30 s. */
  ask(question: unknown): Promise<unknown>;
}

const ANSWER_TIMEOUT_MS = 30_000;

/** Compiles the Java file `source` against the jars in the folder `jars` and starts its class. */
export const startJavaLines = async (
  source: string,
  mainClass: string,
  jars: string,
  args: readonly string[] = [],
): Promise<JavaLines> => {
  const classes = await compileJava(source, jars);
  const command = java({ jars, classes, mainClass, args, heapMb: 256 });
  const child = spawn(command.file, command.args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const answers = createInterface({ input: child.stdout });
  return {
    ask: async (question) => {
      const text = JSON.stringify(question);
      const answer = once(answers, 'line', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
      child.stdin.write(`${text}\n`);
      const [line] = await Promise.race([
        answer,
        ended.then(() => Promise.reject(new Error(`the JVM of ${mainClass} ended at ${text}`))),
      ]);
      return JSON.parse(line);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
