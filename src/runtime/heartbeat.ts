import { after } from '../core/clock.ts';
import { desiredState, restartsOf } from '../core/connector.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { InstanceStatus } from '../core/instance-status.ts';
import type { Lease } from '../core/lease.ts';
import type { RunRequest } from '../core/run-request.ts';
import type { RunControl } from './run-control.ts';
import type { RunDeps } from './run-deps.ts';

/** What a heartbeat keeps alive. */
export interface HeartbeatOptions {
  readonly request: RunRequest;
  readonly deps: RunDeps;
  readonly control: RunControl;
  readonly lease: Lease;
  /** Restart number of the instance when the run began. */
  readonly restarts: number;
  /** The instance's status right now. */
  status(): InstanceStatus;
  /** Told when the store did not take a renewal. */
  failed(error: Error): void;
}

/**
 * Renews the lease with the current status, and looks whether the instance is still wanted: another generation, a stop, a restart or a waiting successor ends the
 * run at the next batch boundary; a lost lease ends it hard, as does a renewal that does not come through in time by our own timer (rule 21).
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #ended = new AbortController();
  readonly #loop: Promise<void>;
  #lease: Lease;
  #timer: Disposable | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#lease = options.lease;
    this.#armTimer(0);
    this.#loop = this.#run();
  }

  /** Stops beating and returns the lease as last renewed. */
  async end(): Promise<Lease> {
    this.#ended.abort();
    await this.#loop;
    this.#timer?.[Symbol.dispose]();
    return this.#lease;
  }

  async #run(): Promise<void> {
    const { clock, settings } = this.#options.deps;
    while (!this.#ended.signal.aborted) {
      await clock.sleep(settings.heartbeatMs, this.#ended.signal).catch(() => undefined);
      if (!this.#ended.signal.aborted) await this.#beat();
    }
  }

  async #beat(): Promise<void> {
    const { deps, control, status } = this.#options;
    const askedMs = deps.clock.monotonicMs();
    try {
      const { lease, wanted } = await deps.leases.renew(this.#lease, status());
      this.#lease = lease;
      this.#armTimer(deps.clock.monotonicMs() - askedMs);
      if (wanted) control.stop('handed-over');
      await this.#lookAtDesiredState();
    } catch (error) {
      if (error instanceof PulsarIoError && error.code === 'PIO_LEASE_LOST') control.abort('superseded', error);
      else {
        this.#options.failed(error as Error);
        deps.log.warn('heartbeat failed', { error: String(error) });
      }
    }
  }

  async #lookAtDesiredState(): Promise<void> {
    const { request, deps, control, restarts } = this.#options;
    const registered = await deps.registry.get(request);
    const connector = registered?.connector;
    const isSame = connector?.uid === request.uid && connector.generation === request.generation && !connector.deleting;
    if (!isSame || desiredState(connector, request.instance) === 'STOPPED') control.stop('stopped');
    else if (restartsOf(connector, request.instance) !== restarts) control.stop('stopped');
  }

  /** The lease counts from when its renewal was asked for, `agoMs` before now. */
  #armTimer(agoMs: number): void {
    const { control, deps } = this.#options;
    const { leaseTtlMs, leaseMarginMs } = deps.settings;
    this.#timer?.[Symbol.dispose]();
    this.#timer = after(deps.clock, leaseTtlMs - leaseMarginMs - agoMs, () => {
      const { uid, instance } = this.#lease;
      const problem = `lease of ${uid}/${instance} could not be renewed in time`;
      control.abort('superseded', new PulsarIoError('PIO_LEASE_LOST', problem));
    });
  }
}
