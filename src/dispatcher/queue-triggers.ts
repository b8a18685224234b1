import { concurrently } from '../core/concurrently.ts';
import { type Connector, connectorPath, desiredState, restartsOf } from '../core/connector.ts';
import type { Catalogue } from '../core/connector-type.ts';
import { PulsarIoError } from '../core/errors.ts';
import type { InstanceStatus } from '../core/instance-status.ts';
import type { LeaseStore } from '../core/lease.ts';
import type { EventMappings, QueueTriggers } from '../core/queue-triggers.ts';
import type { Registry } from '../core/registry.ts';
import { inboxPublisher, triggerOf } from '../core/source-runs.ts';
import type { Trigger, TriggerStore } from '../core/trigger-store.ts';

/** What queue triggers work with. */
export interface QueueTriggersOptions {
  readonly catalogue: Catalogue;
  readonly registry: Registry;
  readonly leases: LeaseStore;
  readonly triggers: TriggerStore;
  readonly mappings: EventMappings;
  /** Is told what Lambda could not say of a mapping. */
  readonly note?: (error: PulsarIoError) => void;
}

/** Owners of queues looked up side by side. */
const CONCURRENT_LOOKS = 16;

/** Start of the status text that says what is wrong with a mapping; what begins with it is cleared when it is right again. */
const STATUS_PREFIX = 'event source mapping: ';

/** Keeps queues, their owners and Lambda's mappings together. */
export const queueTriggers = (options: QueueTriggersOptions): QueueTriggers => {
  const { catalogue, registry, leases, triggers, mappings, note } = options;
  /** The connector whose queue it still is; undefined: nobody's. */
  const ownerOf = async (
    { arn, connector: name, uid }: Trigger,
    signal: AbortSignal,
  ): Promise<Connector | undefined> => {
    const connector = (await registry.get(name, signal))?.connector;
    const isIts = connector?.uid === uid && !connector.deleting && triggerOf(connector, catalogue)?.arn === arn;
    return isIts ? connector : undefined;
  };

  const free = async ({ arn, uid }: Trigger, signal: AbortSignal): Promise<void> => {
    await mappings.remove(arn, signal);
    await triggers.release(arn, uid, signal);
  };

  /** A queue whose owner is gone is taken over. */
  const claim = async (connector: Connector, signal: AbortSignal): Promise<void> => {
    const wanted = triggerOf(connector, catalogue);
    if (!wanted) return;
    const { tenant, namespace, name } = connector.config;
    const mine: Trigger = { arn: wanted.arn, connector: { tenant, namespace, name }, uid: connector.uid };
    let found = await triggers.claim(mine, signal);
    if (found.uid !== mine.uid && !(await ownerOf(found, signal))) {
      await triggers.release(found.arn, found.uid, signal);
      found = await triggers.claim(mine, signal);
    }
    if (found.uid === mine.uid) return;
    throw new PulsarIoError(
      'PIO_REQUEST_INVALID',
      `Lambda receives from ${wanted.arn} for source ${connectorPath(found.connector)} already; a queue has one receiver`,
    );
  };

  const show = async (connector: Connector, problem: string, signal: AbortSignal): Promise<void> => {
    const instance = inboxPublisher(connector);
    const life = { generation: connector.generation, restarts: restartsOf(connector, instance) };
    const change = (status: InstanceStatus): InstanceStatus => {
      if (problem) return { ...status, ...life, phase: 'backoff', error: `${STATUS_PREFIX}${problem}` };
      return status.error.startsWith(STATUS_PREFIX) ? { ...status, phase: 'running', error: '' } : status;
    };
    await leases.updateStatus(connector.uid, instance, change, signal);
  };

  const hasProblem = async (connector: Connector, signal: AbortSignal): Promise<boolean> => {
    const state = await leases.read(connector.uid, inboxPublisher(connector), signal);
    return state?.status.error.startsWith(STATUS_PREFIX) === true;
  };

  return {
    claim,

    apply: async (connector, signal) => {
      const wanted = triggerOf(connector, catalogue);
      if (!wanted || connector.deleting) return;
      try {
        await claim(connector, signal);
        const isEnabled = desiredState(connector, inboxPublisher(connector)) === 'RUNNING';
        await mappings.ensure(wanted, connector.uid, isEnabled, signal);
        if (await hasProblem(connector, signal)) await show(connector, '', signal);
      } catch (error) {
        if (error instanceof PulsarIoError && error.code === 'PIO_TRIGGER_UNKNOWN') note?.(error);
        else await show(connector, (error as Error).message, signal);
      }
    },

    remove: async (connector, signal) => {
      const wanted = triggerOf(connector, catalogue);
      const trigger = wanted && (await triggers.find(wanted.arn, signal));
      if (trigger?.uid === connector.uid) await free(trigger, signal);
    },

    collect: async (signal) => {
      const failures: unknown[] = [];
      await concurrently(await triggers.list(signal), CONCURRENT_LOOKS, async (trigger) => {
        try {
          if (!(await ownerOf(trigger, signal))) await free(trigger, signal);
        } catch (error) {
          failures.push(error);
        }
      });
      if (failures.length > 0) throw failures[0];
    },

    together: () => queueTriggers({ ...options, mappings: mappings.together?.() ?? mappings }),
  };
};
