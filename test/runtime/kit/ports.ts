import type { Catalogue, OpenLogSource, OpenQueueSource, OpenSink } from '../../../src/core/connector-type.ts';
import type { MessagingSession } from '../../../src/core/messaging.ts';
import type { RunDeps } from '../../../src/runtime/run-deps.ts';

/** One call of a port, seen before it is made or after it succeeded. */
export interface PortCall {
  /** `checkpoint.commit`, `producer.sendEntry`, `consumer.ackCumulative`, `sink.transact`, … */
  readonly name: string;
  readonly phase: 'before' | 'after';
  readonly args: readonly unknown[];
  /** Topic of a producer or consumer. */
  readonly topic: string;
}

/** Sees every call of a port; what it throws, the call throws: before its effect, or after it as if the answer was lost. */
export type Watch = (call: PortCall) => void | Promise<void>;

/** A run dies here: whatever it had in flight is lost, and nothing that follows happens. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Watches until it crashes; from then on every call of the run fails, as if it was no more. */
export class Fate {
  crash: Crash | undefined;
  readonly #watch: Watch;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly watch: Watch = async (call) => {
    if (this.crash) throw this.crash;
    try {
      await this.#watch(call);
    } catch (error) {
      if (error instanceof Crash) this.crash = error;
      throw error;
    }
  };
}

/** Crashes at the `nth` call (1 = first) of a port in that phase. */
export const crashAt = (
  name: string,
  phase: PortCall['phase'],
  { nth = 1, topic }: { nth?: number; topic?: string } = {},
): Watch => {
  let seen = 0;
  return (call) => {
    if (call.name !== name || call.phase !== phase || (topic !== undefined && call.topic !== topic)) return;
    seen += 1;
    if (seen === nth) throw new Crash(`${phase} ${name} ${nth}`);
  };
};

/** Crashes at the call with that number (1 = first), whatever port it is of. */
export const crashAtCall = (at: number): Watch => {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls === at) throw new Crash(`call ${at}`);
  };
};

/** False for a {@link Crash}; throws anything else: what a run ended with that was to die. */
export const toCrash = (error: unknown): false => {
  if (!(error instanceof Crash)) throw error;
  return false;
};

const watched = <T extends object>(
  target: T,
  port: string,
  watch: Watch,
  topic = '',
  wrap: (method: string, value: unknown, args: readonly unknown[]) => unknown = (_, value) => value,
): T =>
  new Proxy(target, {
    get(inner, property) {
      const member: unknown = Reflect.get(inner, property, inner);
      if (typeof member !== 'function' || typeof property !== 'string') return member;
      if (
        (property === 'read' && port === 'source') ||
        property === 'isTooLarge' ||
        property === 'redeliver' ||
        property === 'destroy'
      )
        return member.bind(inner);
      return async (...args: unknown[]) => {
        const name = `${port}.${property}`;
        await watch({ name, phase: 'before', args, topic });
        const value: unknown = await member.apply(inner, args);
        await watch({ name, phase: 'after', args, topic });
        return wrap(property, value, args);
      };
    },
  });

const watchedSession = (session: MessagingSession, watch: Watch): MessagingSession =>
  watched(session, 'session', watch, '', (method, value, [options]) =>
    method === 'producer' || method === 'consumer'
      ? watched(value as object, method, watch, (options as { topic: string }).topic)
      : value,
  );

/** The ports of a run, watched. */
export const watchPorts = (deps: RunDeps, watch: Watch): RunDeps => {
  const catalogue: Catalogue = {
    ...deps.catalogue,
    sink: (name) => {
      const type = deps.catalogue.sink(name);
      const open = async (...args: Parameters<NonNullable<typeof type>['open']>): Promise<OpenSink> =>
        watched(await (type as NonNullable<typeof type>).open(...args), 'sink', watch);
      return type && { ...type, open };
    },
    source: (name) => {
      const type = deps.catalogue.source(name);
      if (type?.source === 'queue') {
        const open = async (...args: Parameters<typeof type.open>): Promise<OpenQueueSource> =>
          watched(await type.open(...args), 'queue', watch);
        return { ...type, open };
      }
      if (type?.source !== 'log') return type;
      const open = async (...args: Parameters<typeof type.open>): Promise<OpenLogSource> =>
        watched(await type.open(...args), 'source', watch);
      return { ...type, open };
    },
  };
  return {
    ...deps,
    catalogue,
    checkpoints: watched(deps.checkpoints, 'checkpoint', watch),
    inbox: watched(deps.inbox, 'inbox', watch),
    openSession: async (signal) => watchedSession(await deps.openSession(signal), watch),
  };
};
