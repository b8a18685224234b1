import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { secretWatch } from '../kit/planted.ts';

/** `npm start` in a process of its own, with what it prints. */
export class StartProcess {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  output = '';

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const data = args[args.indexOf('--data') + 1];
    if (args.includes('--data') && data) secretWatch().files.add(join(data, 'offline.log'));
    this.process = spawn(process.execPath, ['scripts/start.ts', ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk;
        this.process.emit('printed');
      });
    }
    this.ended = once(this.process, 'close').then(([code]) => code);
    void this.ended.then(() => this.process.emit('printed'));
  }

  /** Resolves when it printed what `pattern` matches; rejects when it ended before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      if (this.process.exitCode !== null) throw new Error(`ended without ${pattern}: ${this.output}`);
      await once(this.process, 'printed');
    }
  }

  /** Resolves with the exit code and how long it took, in milliseconds. */
  async interrupt(): Promise<{ exitCode: unknown; ms: number }> {
    const beganMs = performance.now();
    this.process.kill('SIGINT');
    return { exitCode: await this.ended, ms: performance.now() - beganMs };
  }
}
