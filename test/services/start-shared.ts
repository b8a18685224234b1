import type { Running } from './kit/service.ts';
import { ServiceUnavailableError } from './kit/tools.ts';
import { type ServiceName, shared } from './registry.ts';

/** How a start went, as it travels to the suites. */
export type Outcome =
  | { readonly state: 'running'; readonly address: unknown; readonly startedInMs: number }
  /** It cannot be had on this machine. */
  | { readonly state: 'unavailable'; readonly reason: string }
  /** It is here, but does not start. */
  | { readonly state: 'failed'; readonly reason: string };

/** Outcomes by service. */
export type Outcomes = Readonly<Partial<Record<ServiceName, Outcome>>>;

/** Services started together. */
export interface SharedServices {
  readonly outcomes: Outcomes;
  /** Stops those that run. */
  stop(): Promise<void>;
}

/** Starts services side by side; a service that does not start is an outcome, not an error. */
export const startShared = async (names: readonly ServiceName[]): Promise<SharedServices> => {
  const running: Running<unknown>[] = [];
  const start = async (name: ServiceName): Promise<[ServiceName, Outcome]> => {
    const startedAtMs = performance.now();
    try {
      const service = await shared[name].start();
      running.push(service);
      const startedInMs = Math.round(performance.now() - startedAtMs);
      return [name, { state: 'running', address: service.address, startedInMs }];
    } catch (error) {
      const state = error instanceof ServiceUnavailableError ? 'unavailable' : 'failed';
      return [name, { state, reason: error instanceof Error ? error.message : String(error) }];
    }
  };
  return {
    outcomes: Object.fromEntries(await Promise.all(names.map(start))),
    stop: async () => void (await Promise.all(running.map((service) => service.stop()))),
  };
};

/** One line for people. */
export const describeOutcome = (name: string, outcome: Outcome): string =>
  outcome.state === 'running'
    ? `${name}: ${JSON.stringify(outcome.address)} (${(outcome.startedInMs / 1000).toFixed(1)} s)`
    : `${name}: ${outcome.state}: ${outcome.reason}`;
