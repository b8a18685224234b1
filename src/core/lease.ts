import type { InstanceStatus } from './instance-status.ts';

/** The right to run an instance until a time. Waiting uses it; safety never does (GUARANTEES rule 21). */
export interface Lease {
  readonly uid: string;
  readonly instance: number;
  /** Raised by each acquisition. */
  readonly epoch: number;
  readonly runId: string;
  /** By the holder's wall clock. */
  readonly expiresAtMs: number;
  readonly status: InstanceStatus;
  /** Run that asked for a hand-over, as of the last write. */
  readonly wantedBy?: string;
  /** Version of the item, for the next conditional write. */
  readonly version: number;
}

/** What is stored of an instance: its lease, whether it is held, and its status. */
export interface InstanceState {
  readonly epoch: number;
  /** Run that holds it, null when released. */
  readonly runId: string | null;
  readonly expiresAtMs: number;
  /** Run that asks the holder to hand over at a batch boundary. */
  readonly wantedBy?: string;
  readonly status: InstanceStatus;
}

/** An instance of a connector. */
export interface InstanceKey {
  readonly uid: string;
  readonly instance: number;
}

/** Leases of instances. Every method is one read and one conditional write at most, but for retries of lost races. */
export interface LeaseStore {
  /** State of an instance, undefined when it never ran. */
  read(uid: string, instance: number, signal?: AbortSignal): Promise<InstanceState | undefined>;
  /** States of many instances, in their order, each as it is now or was a moment ago: to find out where to look. */
  readMany(instances: readonly InstanceKey[], signal?: AbortSignal): Promise<readonly (InstanceState | undefined)[]>;
  /** Acquires a free, released or expired lease; throws `PIO_LEASE_HELD` when another run holds it. */
  acquire(uid: string, instance: number, runId: string, signal?: AbortSignal): Promise<Lease>;
  /** Asks the holder to hand over: it sees it with its next renewal. */
  want(uid: string, instance: number, runId: string, signal?: AbortSignal): Promise<void>;
  /** Extends the lease and stores the status; `wanted`: a successor waits. Throws `PIO_LEASE_LOST` when another run took it. */
  renew(lease: Lease, status: InstanceStatus, signal?: AbortSignal): Promise<{ lease: Lease; wanted: boolean }>;
  /** Gives the lease back with the last status. Throws `PIO_LEASE_LOST` when another run took it. */
  release(lease: Lease, status: InstanceStatus, signal?: AbortSignal): Promise<void>;
  /** Changes the status of an instance that may or may not be running (an event source's counters, a restart). */
  updateStatus(
    uid: string,
    instance: number,
    change: (status: InstanceStatus) => InstanceStatus,
    signal?: AbortSignal,
  ): Promise<void>;
}
