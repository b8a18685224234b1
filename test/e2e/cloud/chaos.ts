import type { Catalogue, OpenLogSource, OpenQueueSource, OpenSink } from '../../../src/core/connector-type.ts';
import type { MessagingSession } from '../../../src/core/messaging.ts';
import type { RunDeps } from '../../../src/runtime/run-deps.ts';
import type { Chaos } from './protocol.ts';

/** A small generator of numbers in [0, 1) from a seed (mulberry32). */
const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

type Ports = { readonly [name: string]: unknown };

/** The object with a dice rolled before and after every call of one of its methods; what the method returns is passed through `wrap`. */
const withDice = <T extends object>(
  target: T,
  roll: (call: string) => void,
  wrap: (name: string, value: unknown) => unknown = (_, value) => value,
): T =>
  new Proxy(target, {
    get(inner, name) {
      const member = (inner as Ports)[name as string];
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        roll(String(name));
        const result: unknown = member.apply(inner, args);
        if (!(result instanceof Promise)) return result;
        return result.then((value) => {
          roll(String(name));
          return wrap(String(name), value);
        });
      };
    },
  });

/** Calls that only open something: killed more rarely, or no run would ever get to its work. */
const OPENING = new Set(['partitions', 'producer', 'consumer', 'lastMessageId', 'fence', 'close']);

/** Calls that have an effect outside. */
const EFFECTS = new Set(['sendEntry', 'write', 'transact']);

/** Ports of a run whose process kills itself at random, right before or after anything it asks of broker, store or target. */
export const withKills = (deps: RunDeps, { killChance, seed, aimsAtEffects = false }: Chaos): RunDeps => {
  const random = randomFrom(seed);
  const chanceOf = (call: string): number => {
    if (aimsAtEffects) return EFFECTS.has(call) ? killChance : 0;
    return OPENING.has(call) ? killChance / 5 : killChance;
  };
  const roll = (call: string): void => {
    if (random() < chanceOf(call)) process.kill(process.pid, 'SIGKILL');
  };
  const session = (opened: MessagingSession): MessagingSession =>
    withDice(opened, roll, (name, value) =>
      name === 'producer' || name === 'consumer' ? withDice(value as object, roll) : value,
    );
  const open = <T extends OpenSink | OpenLogSource | OpenQueueSource>(opened: T): T => withDice(opened, roll);
  const catalogue: Catalogue = {
    ...deps.catalogue,
    sink: (name) => {
      const type = deps.catalogue.sink(name);
      return type && { ...type, open: async (config, context) => open(await type.open(config, context)) };
    },
    source: (name) => {
      const type = deps.catalogue.source(name);
      if (type?.source === 'log')
        return { ...type, open: async (config, context) => open(await type.open(config, context)) };
      if (type?.source === 'queue')
        return { ...type, open: async (config, context) => open(await type.open(config, context)) };
      return type;
    },
  };
  return {
    ...deps,
    catalogue,
    checkpoints: withDice(deps.checkpoints, roll),
    inbox: withDice(deps.inbox, roll),
    openSession: async (signal) => session(await deps.openSession(signal)),
  };
};
