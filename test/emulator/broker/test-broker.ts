import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrokerOptions, type RunningBroker, startBroker } from '../../../src/emulator/broker/index.ts';
import { WireClient } from './wire-client.ts';

/** A broker on free ports in a directory of its own; cursors are flushed only on a clean stop unless `options` says otherwise. */
export class TestBroker implements AsyncDisposable {
  readonly dataDir: string;
  running: RunningBroker;
  readonly #options: Partial<BrokerOptions>;
  readonly #clients: WireClient[] = [];

  private constructor(dataDir: string, options: Partial<BrokerOptions>, running: RunningBroker) {
    this.dataDir = dataDir;
    this.#options = options;
    this.running = running;
  }

  static async start(given: Partial<BrokerOptions> = {}): Promise<TestBroker> {
    const options = { cursorFlushMs: 2 ** 30, failoverDelayMs: 0, ...given };
    const dataDir = mkdtempSync(join(tmpdir(), 'broker-'));
    return new TestBroker(dataDir, options, await startBroker({ ...options, dataDir }));
  }

  async connect(clientVersion?: string): Promise<WireClient> {
    const client = await WireClient.open(this.running.port, clientVersion);
    this.#clients.push(client);
    return client;
  }

  /** As SIGKILL and start again. */
  async killAndRestart(): Promise<void> {
    this.running.kill();
    await this.#start();
  }

  /** Clean stop and start again. */
  async restart(): Promise<void> {
    await this.running.stop();
    await this.#start();
  }

  /** Admin REST: parsed JSON, text, or undefined for 204. Throws on an error status. */
  async admin(method: string, path: string, body?: unknown): Promise<unknown> {
    const { status, reply } = await this.adminStatus(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(reply)}`);
    return reply;
  }

  async adminStatus(method: string, path: string, body?: unknown): Promise<{ status: number; reply: unknown }> {
    const init =
      body === undefined
        ? { method }
        : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${this.running.adminUrl}${path}`, init);
    const text = await response.text();
    return { status: response.status, reply: parsed(text) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.running.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    this.running = await startBroker({ ...this.#options, dataDir: this.dataDir });
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
