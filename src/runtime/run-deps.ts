import type { CheckpointStore } from '../core/checkpoint.ts';
import type { Clock } from '../core/clock.ts';
import type { Connector } from '../core/connector.ts';
import type { Catalogue } from '../core/connector-type.ts';
import type { InboxStore } from '../core/inbox.ts';
import type { LeaseStore } from '../core/lease.ts';
import type { Logger } from '../core/logger.ts';
import type { OpenSession } from '../core/messaging.ts';
import type { PulsarAdmin } from '../core/pulsar-admin.ts';
import type { Registry } from '../core/registry.ts';
import type { RunCounters } from '../core/run-counters.ts';
import type { RunRequest } from '../core/run-request.ts';
import type { ResolveSecret } from '../core/secret-reference.ts';
import type { SecretValues } from '../core/secret-values.ts';
import type { Token } from '../core/token.ts';
import type { TriggerStore } from '../core/trigger-store.ts';
import type { Guarantees } from '../delivery/pipeline.ts';
import type { Leftovers } from './leftovers.ts';
import type { Pace } from './pace.ts';
import type { RunControl } from './run-control.ts';
import type { RunSettings } from './run-settings.ts';

/** What a run needs of the world. */
export interface RunDeps {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly leases: LeaseStore;
  readonly checkpoints: CheckpointStore;
  readonly inbox: InboxStore;
  readonly triggers: TriggerStore;
  readonly catalogue: Catalogue;
  readonly openSession: OpenSession;
  /** Absent: it cannot be seen whether a subscription was deleted outside. */
  readonly pulsar?: PulsarAdmin;
  /** Invokes a run asynchronously: for the successor of a run that nears its deadline. */
  invokeRun(request: RunRequest): Promise<void>;
  readonly guarantees: Guarantees;
  readonly settings: RunSettings;
  readonly log: Logger;
  readonly fetch: typeof fetch;
  readonly resolveSecret: ResolveSecret;
  newRunId(): string;
  /** From 0 to less than 1: the jitter of waits. */
  random(): number;
  /** What earlier invocations of this sandbox left open. */
  readonly leftovers: Leftovers;
}

/** What one attempt of a run works with. */
export interface RunContext {
  readonly deps: RunDeps;
  readonly connector: Connector;
  readonly instance: number;
  readonly generation: number;
  /** A fencing token that is newer than all before it: one for each fence. */
  nextToken(): Token;
  readonly control: RunControl;
  readonly counters: RunCounters;
  readonly pace: Pace;
  /** What must not get into a log line or the status. */
  readonly secrets: SecretValues;
}

/** How an attempt ended without failure. */
export interface WorkEnd {
  /** `idle`: nothing to move for now; `finished`: never again; `stopped`: it was asked to end, there may be more. */
  readonly end: 'idle' | 'finished' | 'stopped';
  /** When to look again, in milliseconds from now; absent: when there is backlog. */
  readonly nextRunInMs?: number;
}
