import { describe, test } from '@jest/globals';
import { outcomeOf } from './outcomes.ts';
import type { ServiceName } from './registry.ts';

/**
 * A suite against real servers. `needs` must be written as a list of literals, as global-setup.ts reads it in the file's text.
 * Where a server cannot be had, the suite is skipped and its name says what to install; with `CI=true`, and for a
 * server that is there but does not start, it fails.
 */
export const describeReal = (name: string, needs: readonly ServiceName[], body: () => void): void => {
  const missing = needs.map(outcomeOf).filter((outcome) => outcome.state !== 'running');
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const reasons = missing.map(({ reason }) => reason).join('; ');
  const maySkip = process.env.CI !== 'true' && missing.every(({ state }) => state === 'unavailable');
  if (maySkip) describe.skip(`${name} (skipped: ${reasons})`, () => test('needs its servers', () => {}));
  else describe(name, () => test('has its servers', () => Promise.reject(new Error(reasons))));
};
