import type { ServiceName } from './registry.ts';
import type { Outcome, Outcomes } from './start-shared.ts';

// The environment reaches every jest worker.
const variable = 'PIO_SERVICES';

/** Makes outcomes known to all suites that start after this. */
export const publishOutcomes = (outcomes: Outcomes): void => {
  process.env[variable] = JSON.stringify(outcomes);
};

/** The outcome of one shared service; a suite that runs without global-setup.ts gets `failed`. */
export const outcomeOf = (name: ServiceName): Outcome => {
  const outcomes = JSON.parse(process.env[variable] ?? '{}') as Outcomes;
  const reason = `${name} was not started: run the suite with \`npm run test:real\`, and name it in describeReal(…, ['${name}'], …)`;
  return outcomes[name] ?? { state: 'failed', reason };
};
