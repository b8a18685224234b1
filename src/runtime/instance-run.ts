import { type Connector, connectorPath, desiredState, restartsOf } from '../core/connector.ts';
import { PulsarIoError } from '../core/errors.ts';
import { flowOptions } from '../core/flow-options.ts';
import { type InstanceStatus, NEW_STATUS } from '../core/instance-status.ts';
import type { Lease } from '../core/lease.ts';
import { isSurplus } from '../core/parallelism.ts';
import { RunCounters } from '../core/run-counters.ts';
import type { RunRequest } from '../core/run-request.ts';
import { redactingLogger, SecretValues } from '../core/secret-values.ts';
import { tokensOf } from '../core/token.ts';
import { acquireLease } from './acquire-lease.ts';
import { attempt, type PhaseStatus, type Work } from './attempts.ts';
import { armDeadline, type RemainingMs } from './deadline-timers.ts';
import { Heartbeat } from './heartbeat.ts';
import { Pace } from './pace.ts';
import { RunControl } from './run-control.ts';
import type { RunDeps } from './run-deps.ts';
import { settingsFor } from './run-settings.ts';

/** What became of an invocation; the return value of a runner function, for its log. */
export interface RunReport {
  /** `refused`: the invocation was stale; `busy`: another run holds the lease. */
  readonly outcome: 'refused' | 'busy' | PhaseStatus['phase'];
  readonly reason?: string;
  readonly settled?: number;
}

/**
 * Runs one instance until it is idle, is asked to end or nears the deadline: lease, heartbeat, attempts, release.
 * Never throws for what belongs into the instance's status; a store that cannot be reached rejects with `PIO_STORE_UNAVAILABLE`.
 */
export const runInstance = async (
  request: RunRequest,
  remainingMs: RemainingMs,
  deps: RunDeps,
  work: Work,
): Promise<RunReport> => {
  deps.leftovers.destroyAll();
  try {
    const connector = await currentConnector(request, deps);
    const runId = deps.newRunId();
    const lease = await acquireLease(request, runId, deps);
    return await runUnderLease(request, connector, lease, remainingMs, deps, work);
  } catch (error) {
    if (!(error instanceof PulsarIoError)) throw error;
    if (error.code === 'PIO_RUN_STALE') return { outcome: 'refused', reason: error.message };
    if (error.code === 'PIO_LEASE_HELD') return { outcome: 'busy', reason: error.message };
    throw error;
  }
};

/** The connector as registered; throws `PIO_RUN_STALE` when the invocation is not meant for it any more (GUARANTEES rule 22). */
const currentConnector = async (request: RunRequest, { registry, clock }: RunDeps): Promise<Connector> => {
  const name = connectorPath(request);
  if (clock.nowMs() > request.notAfterMs) throw new PulsarIoError('PIO_RUN_STALE', `invocation for ${name} is too old`);
  const connector = (await registry.get(request))?.connector;
  if (!connector || connector.deleting)
    throw new PulsarIoError('PIO_RUN_STALE', `${request.kind} ${name} does not exist`);
  if (connector.uid !== request.uid || connector.kind !== request.kind) {
    throw new PulsarIoError('PIO_RUN_STALE', `${name} was deleted and created again since this invocation`);
  }
  if (connector.generation !== request.generation) {
    throw new PulsarIoError(
      'PIO_RUN_STALE',
      `${name} is at generation ${connector.generation}, the invocation at ${request.generation}`,
    );
  }
  if (request.instance >= connector.config.parallelism || desiredState(connector, request.instance) === 'STOPPED') {
    throw new PulsarIoError('PIO_RUN_STALE', `instance ${request.instance} of ${name} is stopped`);
  }
  return connector;
};

const runUnderLease = async (
  request: RunRequest,
  connector: Connector,
  lease: Lease,
  remainingMs: RemainingMs,
  givenDeps: RunDeps,
  work: Work,
): Promise<RunReport> => {
  const { generation, instance } = request;
  const secrets = new SecretValues();
  const flow = flowOptions(connector.config);
  const settings = settingsFor(givenDeps.settings, flow);
  const deps = { ...givenDeps, settings, log: redactingLogger(givenDeps.log, secrets) };
  const control = new RunControl();
  const restarts = restartsOf(connector, instance);
  const before = statusBefore(lease, restarts, generation);
  const counters = new RunCounters(before, deps.clock);
  const failuresBefore = before.generation === generation ? before.failuresInRow : 0;
  let shown: PhaseStatus = { phase: 'starting', error: '', failuresInRow: failuresBefore };
  const status = () => secrets.redact(counters.status({ ...shown, generation }));
  const heartbeat = new Heartbeat({
    request,
    deps,
    control,
    lease,
    restarts,
    status,
    failed: (error) => counters.systemException(error),
  });
  try {
    using _timers = armDeadline(request, remainingMs, control, deps, !isSurplus(connector, instance));
    const nextToken = tokensOf(generation, lease.epoch);
    const msUntilAbort = () => remainingMs() - settings.abortMarginMs;
    const pace = new Pace({ clock: deps.clock, flow, parallelism: connector.config.parallelism, msUntilAbort });
    const context = { deps, pace, connector, instance, generation, nextToken, control, counters, secrets };
    shown = await attempt(context, failuresBefore, work, (now) => {
      shown = now;
    });
  } finally {
    const held = await heartbeat.end();
    // An aborted run may still have something in flight: its lease must expire, not be handed over (GUARANTEES defect 32).
    if (!control.signal.aborted) await release(held, status(), deps);
  }
  deps.log.info('run ended', {
    connector: connectorPath(request),
    instance,
    phase: shown.phase,
    settled: counters.settled,
    stop: control.stopReason,
  });
  const { error } = secrets.redact(shown);
  return { outcome: shown.phase, settled: counters.settled, ...(error && { reason: error }) };
};

/** What counts go on from. Another generation may have given topics to this instance whose letters another one was to send back: their books tell. */
const statusBefore = ({ status }: Lease, restarts: number, generation: number): InstanceStatus => {
  if (status.restarts !== restarts) return { ...NEW_STATUS, restarts };
  return status.generation === generation ? status : { ...status, redriven: 0 };
};

const release = async (lease: Lease, status: Lease['status'], deps: RunDeps): Promise<void> => {
  await deps.leases.release(lease, status).catch((error: unknown) => {
    deps.log.warn('lease could not be released; it will expire', { error: String(error) });
  });
};
