import type { Clock } from '../core/clock.ts';
import { concurrently } from '../core/concurrently.ts';
import { type Connector, connectorPath } from '../core/connector.ts';
import type { Catalogue } from '../core/connector-type.ts';
import type { InboxStore } from '../core/inbox.ts';
import type { InstanceState, LeaseStore } from '../core/lease.ts';
import type { Logger } from '../core/logger.ts';
import { scaleOf, wantedInstances } from '../core/parallelism.ts';
import type { PulsarAdmin } from '../core/pulsar-admin.ts';
import type { QueueTriggers } from '../core/queue-triggers.ts';
import type { Registry } from '../core/registry.ts';
import type { RunRequest } from '../core/run-request.ts';
import { hasRuns, inboxPublisher, triggerOf } from '../core/source-runs.ts';
import { Backlog } from './backlog.ts';
import { type Due, isDue } from './due.ts';
import { HEALTHY, type Health, healthOf, together } from './health.ts';

/** What the dispatcher works with. */
export interface DispatcherDeps {
  readonly registry: Registry;
  readonly leases: LeaseStore;
  readonly inbox: InboxStore;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly log: Logger;
  /** Allowance for clocks that differ, in milliseconds. */
  readonly maxSkewMs: number;
  /** Absent: sinks are started every tick, whether or not anything waits. */
  readonly pulsar?: PulsarAdmin;
  /** Absent: nobody keeps Lambda's event source mappings. */
  readonly queueTriggers?: QueueTriggers;
  /** Invokes a run asynchronously. */
  invokeRun(request: RunRequest): Promise<void>;
}

/** What one tick did. */
export interface DispatchReport {
  readonly connectors: number;
  readonly invoked: number;
  readonly failed: number;
  /** Shards that were not looked through to their end, because the time was over. */
  readonly left: readonly number[];
  /** Shards that could not be looked through; the log says why. */
  readonly broken: readonly number[];
  /** Of the instances that were looked at. */
  readonly health: Health;
}

/** Shards looked through side by side. */
const CONCURRENT_SHARDS = 4;
/** Instances of a page looked at, and invoked, side by side: bounds the load on Pulsar and Lambda. */
const CONCURRENT_LOOKS = 16;
/** How long an invocation that the platform held back may still be obeyed. */
const INVOCATION_LIFE_MS = 60_000;

/**
 * One tick over some shards of the registry: invokes a run for every instance that has work and nobody working. A second tick at once is harmless: leases decide. No page of
 * connectors is looked at when `hasTime` says so. What cannot be read, of a connector or of a shard, keeps nobody else from being started.
 */
export const dispatch = async (
  given: DispatcherDeps,
  shards: readonly number[],
  signal: AbortSignal,
  hasTime: () => boolean = () => true,
): Promise<DispatchReport> => {
  const deps = given.queueTriggers ? { ...given, queueTriggers: given.queueTriggers.together() } : given;
  const tick = { deps, backlog: new Backlog(deps.pulsar, signal), signal, hasTime };
  const report: Report = { connectors: 0, invoked: 0, failed: 0, left: [], broken: [], health: HEALTHY };
  // Once a tick, however many invocations share it.
  if (shards.includes(0))
    await deps.queueTriggers?.collect(signal).catch((error: unknown) => noteCollecting(deps, error));
  await concurrently(shards, CONCURRENT_SHARDS, async (shard) => {
    try {
      if (!(await lookThrough(shard, tick, report))) report.left.push(shard);
    } catch (error) {
      deps.log.error('shard could not be looked through', { shard, error: String(error) });
      report.broken.push(shard);
    }
  });
  return report;
};

type Report = { -readonly [K in keyof DispatchReport]: DispatchReport[K] } & { left: number[]; broken: number[] };

interface Tick {
  readonly deps: DispatcherDeps;
  readonly backlog: Backlog;
  readonly signal: AbortSignal;
  hasTime(): boolean;
}

/** False when the time was over before its end. */
const lookThrough = async (shard: number, tick: Tick, report: Report): Promise<boolean> => {
  const { deps, signal } = tick;
  for await (const page of deps.registry.shard(shard, signal)) {
    if (!tick.hasTime()) return false;
    report.connectors += page.length;
    const connectors = page.map(({ connector }) => connector);
    await mendTriggers(connectors, deps, signal);
    const states = await statesOf(connectors, deps, signal);
    report.health = states
      .map(({ connector, instance, state }) => healthOf(connector, instance, state))
      .reduce(together, report.health);
    await concurrently(dueOf(states, deps), CONCURRENT_LOOKS, async (one) => {
      const started = await startIfWorking(one, tick);
      if (started === 'invoked') report.invoked += 1;
      if (started === 'failed') report.failed += 1;
    });
  }
  return true;
};

const noteCollecting = ({ log }: DispatcherDeps, error: unknown): void =>
  log.error('mappings of connectors that are gone could not be deleted', { error: String(error) });

/** Someone may have deleted or disabled a mapping, or a change of ours broke off. */
const mendTriggers = async (
  connectors: readonly Connector[],
  { queueTriggers, catalogue, log }: DispatcherDeps,
  signal: AbortSignal,
): Promise<void> => {
  await concurrently(queueTriggers ? connectors : [], CONCURRENT_LOOKS, async (connector) => {
    try {
      if (triggerOf(connector, catalogue)) await queueTriggers?.apply(connector, signal);
    } catch (error) {
      log.error('trigger could not be mended', { connector: connectorPath(connector.config), error: String(error) });
    }
  });
};

interface InstanceOf {
  readonly connector: Connector;
  readonly instance: number;
}

const instancesOf = (connectors: readonly Connector[], { catalogue }: DispatcherDeps): InstanceOf[] =>
  connectors
    .filter((connector) => hasRuns(connector, catalogue))
    .flatMap((connector) =>
      Array.from({ length: connector.config.parallelism }, (_, instance) => ({ connector, instance })),
    );

interface StateOf extends InstanceOf {
  readonly state: InstanceState | undefined;
}

const statesOf = async (
  connectors: readonly Connector[],
  deps: DispatcherDeps,
  signal: AbortSignal,
): Promise<StateOf[]> => {
  const instances = instancesOf(connectors, deps);
  const keys = instances.map(({ connector: { uid }, instance }) => ({ uid, instance }));
  const states = await deps.leases.readMany(keys, signal);
  return instances.map((one, index) => ({ ...one, state: states[index] }));
};

interface DueInstance extends StateOf {
  readonly due: Due;
}

const dueOf = (states: readonly StateOf[], deps: DispatcherDeps): DueInstance[] => {
  const times = { nowMs: deps.clock.nowMs(), maxSkewMs: deps.maxSkewMs };
  return states.flatMap(({ connector, instance, state }) => {
    const due = isDue(connector, instance, state, times);
    return due === 'no' ? [] : [{ connector, instance, state, due }];
  });
};

/** Of an instance that is due. Where events fill the inbox, a run only publishes what is in it. */
const hasWork = async (
  one: DueInstance,
  { catalogue, inbox }: DispatcherDeps,
  backlog: Backlog,
  signal: AbortSignal,
): Promise<boolean> => {
  const { connector, instance, due } = one;
  if (!(await isWanted(one, backlog))) return false;
  if (due === 'if-backlog') return connector.kind === 'sink' && backlog.has(connector, instance);
  const trigger = triggerOf(connector, catalogue);
  if (!trigger || trigger.kind === 'stream') return true;
  return instance === inboxPublisher(connector) && !(await inbox.isEmpty(connector.uid, signal));
};

/** Where instances follow the backlog, those beyond what waits are not; but letters that were sent back are each written by a certain one. */
const isWanted = async ({ connector, instance, state }: DueInstance, backlog: Backlog): Promise<boolean> => {
  const scale = scaleOf(connector);
  if (!scale || connector.kind !== 'sink' || instance < scale.minimum) return true;
  if ((connector.redrive?.number ?? 0) > (state?.status.redriven ?? 0)) return true;
  return instance < wantedInstances(scale, await backlog.count(connector));
};

const startIfWorking = async (
  one: DueInstance,
  { deps, backlog, signal }: Tick,
): Promise<'invoked' | 'failed' | 'idle'> => {
  try {
    if (!(await hasWork(one, deps, backlog, signal))) return 'idle';
    await invoke(one, deps);
    return 'invoked';
  } catch (error) {
    const { connector, instance } = one;
    const about = { connector: connectorPath(connector.config), instance, error: String(error) };
    deps.log.error('run could not be invoked', about);
    return 'failed';
  }
};

const invoke = ({ connector, instance }: InstanceOf, { clock, invokeRun }: DispatcherDeps): Promise<void> => {
  const { kind, uid, generation, config } = connector;
  const { tenant, namespace, name } = config;
  const notAfterMs = clock.nowMs() + INVOCATION_LIFE_MS;
  return invokeRun({ kind, tenant, namespace, name, uid, generation, instance, notAfterMs });
};
