import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PulsarError } from '../errors.ts';
import type { PulsarService } from './connection-pool.ts';
import { type Address, parseServiceLocation } from './service-url.ts';

/** When a client leaves a cluster for another, and when it comes back. */
export interface FailoverOptions {
  /** The primary first, then the others in the order of preference. */
  readonly services: readonly PulsarService[];
  readonly checkIntervalMs: number;
  /** Checks in a row that have to fail before a service is left. */
  readonly failoverThreshold: number;
  /** Checks in a row in which the primary has to answer before it is gone back to. */
  readonly switchBackThreshold: number;
  isReachable(service: PulsarService): Promise<boolean>;
  onSwitch(service: PulsarService): void;
}

function accepts({ host, port }: Address, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (isReachable: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isReachable);
    };
    const timer = setTimeout(finish, timeoutMs, false);
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

/** Whether a host of the service takes TCP connections: each is tried for at most `timeoutMs`. */
export async function acceptsConnections({ serviceUrl }: PulsarService, timeoutMs: number): Promise<boolean> {
  for (const address of parseServiceLocation(serviceUrl).addresses) if (await accepts(address, timeoutMs)) return true;
  return false;
}

/** Watches several clusters and says which one to use (npm `pulsar-client`: `serviceUrlProvider`). */
export class Failover {
  private readonly options: FailoverOptions;
  private index = 0;
  private failures = 0;
  private primaryAnswers = 0;
  private checking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: FailoverOptions) {
    this.options = options;
  }

  private get current(): PulsarService {
    return this.options.services[this.index] as PulsarService;
  }

  start(): void {
    this.timer = setInterval(() => this.check(), this.options.checkIntervalMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Checks now; one check at a time. */
  check(): Promise<void> {
    this.checking ??= this.checkOnce().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  private async checkOnce(): Promise<void> {
    if (!(await this.options.isReachable(this.current))) {
      this.failures++;
      if (this.failures >= this.options.failoverThreshold) await this.leave();
      return;
    }
    this.failures = 0;
    if (this.index === 0) return;
    this.primaryAnswers = (await this.options.isReachable(this.options.services[0] as PulsarService))
      ? this.primaryAnswers + 1
      : 0;
    if (this.primaryAnswers >= this.options.switchBackThreshold) this.use(0);
  }

  private async leave(): Promise<void> {
    for (const [index, service] of this.options.services.entries()) {
      if (index !== this.index && (await this.options.isReachable(service))) {
        this.use(index);
        return;
      }
    }
  }

  private use(index: number): void {
    this.index = index;
    this.failures = 0;
    this.primaryAnswers = 0;
    this.options.onSwitch(this.current);
  }

  /**
   * For a caller that could not connect because of `error`: checks until there is another service to use, and rejects with `error` after
   * `timeoutMs`, or when the present service does take connections.
   */
  async whenSwitched(error: PulsarError, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { index } = this;
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      await this.check();
      if (this.index !== index) return;
      const { checkIntervalMs } = this.options;
      if (this.failures === 0 || performance.now() + checkIntervalMs > deadlineMs) throw error;
      await sleep(checkIntervalMs, undefined, { signal }).catch((cause) => {
        throw new PulsarError('Aborted', 'waiting for another cluster was aborted', { cause });
      });
    }
  }
}
