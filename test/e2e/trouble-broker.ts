import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from '../services/kit/ports.ts';
import type { BrokerAddress } from './embedded-broker.ts';

const ROOT = join(import.meta.dirname, '../..');

/** An embedded broker that is started, killed and started again, always on the same ports and the same data. */
export class FragileBroker implements BrokerAddress, AsyncDisposable {
  readonly serviceUrl: string;
  readonly adminUrl: string;
  readonly #arguments: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, httpPort: number) {
    const data = mkdtempSync(join(tmpdir(), 'pio-trouble-broker-'));
    this.serviceUrl = `pulsar://127.0.0.1:${port}`;
    this.adminUrl = `http://127.0.0.1:${httpPort}`;
    const liveness = ['--liveness-check-ms', '500'];
    this.#arguments = ['--data', data, '--port', String(port), '--http-port', String(httpPort), ...liveness];
  }

  /** A broker with ports of its own that does not run yet. */
  static async reserve(): Promise<FragileBroker> {
    const { port, httpPort } = await freePorts(['port', 'httpPort']);
    return new FragileBroker(port, httpPort);
  }

  /** Resolves when it serves. */
  async start(): Promise<this> {
    const main = join(ROOT, 'src/emulator/broker/main.ts');
    this.#process = spawn(join(ROOT, 'node_modules/.bin/node'), [main, ...this.#arguments], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }), 'line');
    return this;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}
