import type { CheckpointStore } from '../core/checkpoint.ts';
import type { Clock } from '../core/clock.ts';
import type { Catalogue } from '../core/connector-type.ts';
import type { InboxStore } from '../core/inbox.ts';
import type { Inspect } from '../core/inspection.ts';
import type { LeaseStore } from '../core/lease.ts';
import type { PulsarAdmin } from '../core/pulsar-admin.ts';
import type { QueueTriggers } from '../core/queue-triggers.ts';
import type { Registry } from '../core/registry.ts';
import type { RunRequest } from '../core/run-request.ts';
import type { AccessSettings } from './access/settings.ts';

/** What the control plane works with. */
export interface ControlPlaneDeps {
  readonly registry: Registry;
  readonly leases: LeaseStore;
  readonly checkpoints: CheckpointStore;
  readonly inbox: InboxStore;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** A random id that was never given before. */
  readonly newUid: () => string;
  /** Shown as `workerId` by status. */
  readonly workerId: string;
  /** Absent: nobody keeps Lambda's event source mappings. */
  readonly queueTriggers?: QueueTriggers;
  /** Starts a run asynchronously, so that a change takes effect at once. A failure is reported and left to the dispatcher. */
  readonly invokeRun: (request: RunRequest) => Promise<void>;
  /** Has a runner function look at both sides of a connector, and waits. */
  readonly inspect: Inspect;
  /** Absent: tenants, namespaces and deduplication are not checked, and subscriptions are not cleaned up. */
  readonly pulsar?: PulsarAdmin;
  /** Path in Parameter Store and Secrets Manager below which tenants keep secrets, e.g. `/pulsar-io/dev`. */
  readonly secretsPath?: string;
  /** Absent: everybody may do everything. */
  readonly access?: AccessSettings;
  /** Told every error that an answer does not explain: unexpected ones, failed backends, and what was given up as best effort. */
  readonly onError: (error: unknown) => void;
}
