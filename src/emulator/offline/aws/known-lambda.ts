import type { AsynchronousSettings } from './asynchronous.ts';

/** What serverless-offline knows of a function of `serverless.yml`. */
interface FunctionDefinition {
  readonly name: string;
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAge?: number;
  readonly destinations?: { readonly onFailure?: unknown };
}

interface Defined {
  readonly functionKey: string;
  readonly functionDefinition: FunctionDefinition;
}

/** serverless-offline's own `Lambda`, in whose place this one is. */
interface Lambda {
  create(defined: readonly Defined[]): void;
}

const { default: Original }: { default: new (...args: unknown[]) => Lambda } = await import(
  new URL(import.meta.url).searchParams.get('for') ?? ''
);

/** Lambda's defaults: two more attempts, six hours. */
const [MAX_RETRIES, MAX_AGE_S] = [2, 6 * 3_600];

/** serverless-offline's `Lambda`, which also tells how each function's asynchronous invocations are to be tried. */
export default class KnownLambda extends Original {
  readonly #settings = new Map<string, AsynchronousSettings>();

  override create(defined: readonly Defined[]): void {
    for (const { functionDefinition } of defined) {
      const { name, maximumRetryAttempts, maximumEventAge, destinations } = functionDefinition;
      this.#settings.set(name, {
        name,
        maxRetries: maximumRetryAttempts ?? MAX_RETRIES,
        maxAgeMs: (maximumEventAge ?? MAX_AGE_S) * 1000,
        keepsFailures: destinations?.onFailure !== undefined,
      });
    }
    super.create(defined);
  }

  asynchronousSettings(name: string): AsynchronousSettings | undefined {
    return this.#settings.get(name);
  }
}
