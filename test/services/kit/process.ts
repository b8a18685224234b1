import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** What to execute. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** One life of a server: a process group of its own. */
export interface ServerProcess {
  /** Leader, and so the number, of the process group. */
  readonly pid: number;
  /** Resolves to a short text ("exit code 1") when the server has ended. */
  readonly ended: Promise<string>;
  /** SIGTERM to the whole group; no error when it is gone. */
  terminate(): void;
  /** SIGKILL to the server, then to what it leaves behind; no error when it is gone. */
  kill(): void;
}

// A small shell leads the group. It waits for the server, so its end means that the server is gone and its ports are free.
// It kills the group when our end of the pipe on its stdin closes, which the kernel does however we die.
// SIGTERM goes to the whole group, and the shell outlives it; on SIGUSR1 it kills the server.
const leader = `trap : TERM INT HUP
trap 'kill -9 "$server"' USR1
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(read -r _ <&3; kill -9 0) &
exec 3<&-
while wait "$server"; status=$?; kill -0 "$server" 2>/dev/null; do :; done
exit "$status"`;

/** Starts a server, its output appended to `logFile`. It dies with this process, even when that is killed with SIGKILL. */
export const startProcess = ({ file, args, env, cwd }: Command, logFile: string): ServerProcess => {
  const log = openSync(logFile, 'a');
  const child = spawn('/bin/sh', ['-c', leader, 'leader', file, ...args], {
    detached: true,
    stdio: ['pipe', log, log],
    env: { ...process.env, ...env },
    ...(cwd && { cwd }),
  });
  closeSync(log);
  letParentExit(child);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`not started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
  }).finally(() => {
    signalGroup(child, 'SIGKILL'); // what the server may have left behind
    child.stdin?.destroy();
  });
  return {
    pid: child.pid ?? 0,
    ended,
    terminate: () => signalGroup(child, 'SIGTERM'),
    kill: () => void child.kill('SIGUSR1'),
  };
};

/** Whether a process of this number exists. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

/** The last `maxBytes` of a log, or a note that there is none. */
export const tailOf = async (logFile: string, maxBytes = 4_000): Promise<string> => {
  try {
    await using file = await open(logFile);
    const { size } = await file.stat();
    const length = Math.min(size, maxBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8');
  } catch {
    return '(no log was written)';
  }
};

const signalGroup = (child: ChildProcess, name: NodeJS.Signals): void => {
  if (!child.pid) return;
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** A server that somebody forgot to stop must not keep this process alive. */
const letParentExit = (child: ChildProcess): void => {
  child.unref();
  child.stdin?.on('error', () => {});
  (child.stdin as Socket | null)?.unref();
};
