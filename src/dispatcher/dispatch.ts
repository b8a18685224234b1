import type { Clock } from '../core/clock.ts';
import { concurrently } from '../core/concurrently.ts';
import { type Connector, connectorPath } from '../core/connector.ts';
import type { Catalogue } from '../core/connector-type.ts';
import type { LeaseStore } from '../core/lease.ts';
import type { Logger } from '../core/logger.ts';
import type { PulsarAdmin } from '../core/pulsar-admin.ts';
import type { Registry } from '../core/registry.ts';
import type { RunRequest } from '../core/run-request.ts';
import { Backlog } from './backlog.ts';
import { isDue } from './due.ts';

/** What the dispatcher works with. */
export interface DispatcherDeps {
  readonly registry: Registry;
  readonly leases: LeaseStore;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly log: Logger;
  /** Allowance for clocks that differ, in milliseconds. */
  readonly maxSkewMs: number;
  /** Absent: sinks are started every tick, whether or not anything waits. */
  readonly pulsar?: PulsarAdmin;
  /** Invokes a run asynchronously. */
  invokeRun(request: RunRequest): Promise<void>;
}

/** What one tick did. */
export interface DispatchReport {
  readonly connectors: number;
  readonly invoked: number;
  readonly failed: number;
}

/** Instances looked at side by side: bounds the load on the store. */
const CONCURRENT_LOOKS = 16;
/** How long an invocation that the platform held back may still be obeyed. */
const INVOCATION_LIFE_MS = 60_000;

/** One tick over some shards of the registry: invokes a run for every instance that has work and nobody working. A second tick at once is harmless: leases decide. */
export const dispatch = async (
  deps: DispatcherDeps,
  shards: readonly number[],
  signal: AbortSignal,
): Promise<DispatchReport> => {
  const backlog = new Backlog(deps.pulsar, signal);
  const report = { connectors: 0, invoked: 0, failed: 0 };
  for (const shard of shards) {
    for await (const page of deps.registry.shard(shard, signal)) {
      report.connectors += page.length;
      await concurrently(
        instancesOf(
          page.map(({ connector }) => connector),
          deps,
        ),
        CONCURRENT_LOOKS,
        async (one) => {
          if (!(await shouldRun(one, deps, backlog, signal))) return;
          if (await invoke(one, deps)) report.invoked += 1;
          else report.failed += 1;
        },
      );
    }
  }
  return report;
};

interface InstanceOf {
  readonly connector: Connector;
  readonly instance: number;
}

const instancesOf = (connectors: readonly Connector[], { catalogue }: DispatcherDeps): InstanceOf[] =>
  connectors
    .filter(({ kind, type }) => kind === 'sink' || catalogue.source(type)?.source === 'log')
    .flatMap((connector) =>
      Array.from({ length: connector.config.parallelism }, (_, instance) => ({ connector, instance })),
    );

const shouldRun = async (
  { connector, instance }: InstanceOf,
  deps: DispatcherDeps,
  backlog: Backlog,
  signal: AbortSignal,
): Promise<boolean> => {
  const state = await deps.leases.read(connector.uid, instance, signal);
  const due = isDue(connector, instance, state, { nowMs: deps.clock.nowMs(), maxSkewMs: deps.maxSkewMs });
  return due === 'if-backlog' ? connector.kind === 'sink' && backlog.has(connector) : due === 'yes';
};

const invoke = async ({ connector, instance }: InstanceOf, deps: DispatcherDeps): Promise<boolean> => {
  const { kind, uid, generation, config } = connector;
  const { tenant, namespace, name } = config;
  const notAfterMs = deps.clock.nowMs() + INVOCATION_LIFE_MS;
  try {
    await deps.invokeRun({ kind, tenant, namespace, name, uid, generation, instance, notAfterMs });
    return true;
  } catch (error) {
    deps.log.error('run could not be invoked', { connector: connectorPath(config), instance, error: String(error) });
    return false;
  }
};
