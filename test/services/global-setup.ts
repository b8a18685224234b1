import { neededServices } from './needs.ts';
import { publishOutcomes } from './outcomes.ts';
import { describeOutcome, startShared } from './start-shared.ts';

interface JestGlobalConfig {
  readonly rootDir: string;
  readonly testPathPatterns: { toExecutor(options: { rootDir: string }): { isMatch(path: string): boolean } };
}

interface JestProjectConfig {
  /** Absolute globs. */
  readonly testMatch: readonly string[];
}

declare global {
  /** Set from here to global-teardown.ts; jest keeps no module state between the two. */
  var stopSharedServices: (() => Promise<void>) | undefined;
}

/** Run by jest once before all suites: starts, side by side, what the chosen suites name in `describeReal`. */
export default async (
  { rootDir, testPathPatterns }: JestGlobalConfig,
  { testMatch }: JestProjectConfig,
): Promise<void> => {
  const chosen = testPathPatterns.toExecutor({ rootDir });
  const services = await startShared(await neededServices(testMatch, (path) => chosen.isMatch(path)));
  globalThis.stopSharedServices = services.stop;
  for (const [name, outcome] of Object.entries(services.outcomes)) {
    process.stderr.write(`${describeOutcome(name, outcome)}\n`);
  }
  publishOutcomes(services.outcomes);
};
