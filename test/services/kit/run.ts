import { execFile } from 'node:child_process';

/** How a finished command ended. `code` is null when a signal (also the time limit) ended it. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Limits and surroundings of one command. */
export interface RunOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

const maxOutputBytes = 64 * 1024 * 1024;

/** Runs a command without a shell or stdin to its end; a non-zero exit is a result, a command that cannot start is thrown. */
export const run = (file: string, args: readonly string[], options: RunOptions): Promise<RunResult> =>
  new Promise((resolve, reject) => {
    const { timeoutMs, ...rest } = options;
    const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: maxOutputBytes } as const;
    const child = execFile(file, [...args], { ...rest, ...limits }, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') reject(error);
      else resolve({ code: child.exitCode, stdout, stderr });
    });
    child.stdin?.end();
  });
