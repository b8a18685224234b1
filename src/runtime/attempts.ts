import { backoffMs } from '../core/backoff.ts';
import { type PulsarIoError, toPulsarIoError } from '../core/errors.ts';
import type { InstanceStatus } from '../core/instance-status.ts';
import type { MessagingSession } from '../core/messaging.ts';
import { routeFailure } from '../delivery/pulsar-failure.ts';
import type { RunContext, WorkEnd } from './run-deps.ts';

/** The work of one attempt: everything is opened anew, so that a failure needs no repair but another attempt. */
export type Work = (context: RunContext, session: MessagingSession) => Promise<WorkEnd>;

/** What the instance's status shows between heartbeats, and how the last run left it. */
export type PhaseStatus = Pick<InstanceStatus, 'phase' | 'error' | 'failuresInRow'> &
  Pick<Partial<InstanceStatus>, 'nextRunAtMs'>;

const CONNECTOR_CODES = /^PIO_(SOURCE|SINK|DRIVER|CONFIG)_/;

/**
 * Works until there is nothing to move, the run is asked to end, or a failure must wait longer than a run may. Each failure ends an attempt as a whole;
 * the next begins with a new session and a new fence. `show` is told what the status should say meanwhile.
 */
export const attempt = async (
  context: RunContext,
  failuresBefore: number,
  work: Work,
  show: (status: PhaseStatus) => void,
): Promise<PhaseStatus> => {
  const { control, counters, deps } = context;
  let failures = failuresBefore;
  let isRestart = failuresBefore > 0;
  const holder = new Holder(context);
  for (;;) {
    const settledBefore = counters.settled;
    if (isRestart) counters.restarted();
    isRestart = false;
    try {
      show({ phase: 'running', error: '', failuresInRow: failures });
      return ended(await withSession(context, work), context);
    } catch (cause) {
      const error = classify(cause);
      if (isSuperseded(error) || control.signal.aborted)
        return { phase: 'running', error: '', failuresInRow: failures };
      if (holder.mayGoAway(error)) {
        show({ phase: 'running', error: error.message, failuresInRow: failures });
        await deps.clock.sleep(deps.settings.busyPollMs, control.stopSignal).catch(() => undefined);
        if (control.isStopping) return { phase: 'running', error: '', failuresInRow: failures };
        continue;
      }
      note(context, error);
      isRestart = true;
      failures = counters.settled > settledBefore ? 1 : failures + 1;
      if (error.disposition === 'fatal') return { phase: 'failed', error: error.message, failuresInRow: failures };
      const waitMs = backoffMs(failures, deps.settings.backoff, deps.random);
      const waiting = { phase: 'backoff', error: error.message, failuresInRow: failures } as const;
      show(waiting);
      const nextRunAtMs = deps.clock.nowMs() + waitMs;
      if (waitMs > deps.settings.maxWaitInRunMs) return { ...waiting, nextRunAtMs };
      await deps.clock.sleep(waitMs, control.stopSignal).catch(() => undefined);
      if (control.isStopping) return { ...waiting, nextRunAtMs };
    }
  }
};

/**
 * Another connection under our producer name or on our subscription: a predecessor that is frozen or just leaving. The broker gives it up after a while, so waiting
 * for that is no failure (GUARANTEES rule 12); one that stays is.
 */
class Holder {
  readonly #context: RunContext;
  #sinceMs: number | undefined;

  constructor(context: RunContext) {
    this.#context = context;
  }

  mayGoAway({ code }: PulsarIoError): boolean {
    const { clock, settings } = this.#context.deps;
    if (code !== 'PIO_PULSAR_BUSY') {
      this.#sinceMs = undefined;
      return false;
    }
    this.#sinceMs ??= clock.monotonicMs();
    return clock.monotonicMs() - this.#sinceMs < settings.busyMs;
  }
}

const withSession = async (context: RunContext, work: Work): Promise<WorkEnd> => {
  const session = await context.deps.openSession(context.control.signal);
  const destroy = () => session.destroy();
  context.control.signal.addEventListener('abort', destroy, { once: true });
  return context.deps.leftovers.tracked(session, async () => {
    try {
      const end = await work(context, session);
      // Whatever had to be durable is: a broker that cannot be told goodbye is no failure.
      await session.close().catch(() => undefined);
      return end;
    } finally {
      context.control.signal.removeEventListener('abort', destroy);
      session.destroy();
    }
  });
};

const ended = ({ end, nextRunInMs }: WorkEnd, { deps }: RunContext): PhaseStatus => ({
  phase: end === 'stopped' ? 'running' : end,
  error: '',
  failuresInRow: 0,
  ...(nextRunInMs !== undefined && { nextRunAtMs: deps.clock.nowMs() + nextRunInMs }),
});

const classify = (cause: unknown): PulsarIoError => {
  const isPulsar = (cause as Error | undefined)?.name === 'PulsarError';
  return isPulsar
    ? routeFailure(cause, 'talking to Pulsar')
    : toPulsarIoError(cause, 'PIO_INTERNAL', 'running the connector');
};

const isSuperseded = ({ code }: PulsarIoError): boolean => code === 'PIO_LEASE_LOST';

const note = ({ counters, deps, connector }: RunContext, error: PulsarIoError): void => {
  if (CONNECTOR_CODES.test(error.code)) counters.connectorException(error);
  else counters.systemException(error);
  deps.log.warn('attempt failed', {
    connector: connector.config.name,
    code: error.code,
    error: error.message,
    cause: String(error.cause ?? ''),
  });
};
