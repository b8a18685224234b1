import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeHome } from './home.ts';
import { type Command, type ServerProcess, startProcess, tailOf } from './process.ts';
import type { RunningServer } from './server.ts';

/** One server, as its declaration wants it. */
export interface InstancePlan {
  readonly name: string;
  readonly home: string;
  readonly command: Command;
  readonly startTimeoutMs: number;
  readonly spoiltStart: RegExp | undefined;
  isReady(): Promise<boolean>;
}

/** How a start went; `failed` has a reason for people. */
type StartOutcome = { readonly kind: 'ready' | 'spoilt' } | { readonly kind: 'failed'; readonly reason: string };

const readyPollMs = 100;
const orderlyEndMs = 30_000;

/** A server through all its lives, on one address and one folder. */
export class Instance<Address> implements RunningServer<Address> {
  readonly name: string;
  readonly address: Address;
  readonly logFile: string;
  startedInMs = 0;
  readonly #plan: InstancePlan;
  #process: ServerProcess | undefined;

  constructor(plan: InstancePlan, address: Address) {
    this.name = plan.name;
    this.address = address;
    this.logFile = join(plan.home, 'server.log');
    this.#plan = plan;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Begins a life and waits until it is ready; throws with the end of the log, and gives the instance up, when it is not. */
  async start(): Promise<void> {
    const startedAtMs = performance.now();
    const deadlineMs = startedAtMs + this.#plan.startTimeoutMs;
    let outcome = await this.#begin(deadlineMs);
    while (outcome.kind === 'spoilt') {
      await this.kill();
      outcome = await this.#begin(deadlineMs);
    }
    this.startedInMs = Math.round(performance.now() - startedAtMs);
    if (outcome.kind === 'failed') await this.#giveUp(outcome.reason);
  }

  async #begin(deadlineMs: number): Promise<StartOutcome> {
    const earlierLog = await readFile(this.logFile, 'utf8').catch(() => '');
    const server = startProcess(this.#plan.command, this.logFile);
    this.#process = server;
    let end: string | undefined;
    let problem = 'it gave no answer';
    void server.ended.then((how) => {
      end = how;
    });
    while (performance.now() < deadlineMs) {
      const hasEnded = end !== undefined;
      const isReady = await this.#plan.isReady().catch((error) => {
        problem = String(error);
        return false;
      });
      if (await this.#isSpoilt(earlierLog.length)) return { kind: 'spoilt' };
      if (hasEnded) return { kind: 'failed', reason: end ?? '' };
      if (isReady) return { kind: 'ready' };
      await delay(readyPollMs);
    }
    return { kind: 'failed', reason: `not ready after ${this.#plan.startTimeoutMs} ms (${problem})` };
  }

  async #isSpoilt(earlierLength: number): Promise<boolean> {
    if (!this.#plan.spoiltStart) return false;
    const log = await readFile(this.logFile, 'utf8');
    return this.#plan.spoiltStart.test(log.slice(earlierLength));
  }

  async #giveUp(reason: string): Promise<never> {
    const log = await tailOf(this.logFile);
    await this.stop();
    throw new Error(`${this.name} did not start: ${reason}. The end of its log:\n${log}`);
  }

  async kill(): Promise<void> {
    this.#process?.kill();
    await this.#ended();
  }

  async terminate(): Promise<void> {
    this.#process?.terminate();
    await this.#ended();
  }

  async #ended(): Promise<void> {
    const timer = setTimeout(() => this.#process?.kill(), orderlyEndMs); // also keeps this process alive meanwhile
    await this.#process?.ended;
    clearTimeout(timer);
  }

  async restart(): Promise<void> {
    await this.terminate();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.kill();
    await removeHome(this.#plan.home);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
