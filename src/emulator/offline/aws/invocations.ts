import process from 'node:process';
import { FailedInvokes } from '../failed-invokes.ts';
import { AsynchronousInvocations, type AsynchronousSettings } from './asynchronous.ts';
import { jsonBytes, PAYLOAD_LIMITS } from './limits.ts';

/** One environment of a function, as serverless-offline has it. */
interface LambdaFunction {
  setClientContext(context: unknown): void;
  setEvent(event: unknown): void;
  runHandler(): Promise<unknown>;
}

/** `known-lambda.ts`. */
interface Lambda {
  /** An environment that is free, or a new one. */
  getByFunctionName(name: string): LambdaFunction;
  asynchronousSettings(name: string): AsynchronousSettings | undefined;
}

/** What serverless-offline makes an HTTP answer of. */
interface Answer {
  readonly StatusCode: number;
  readonly Payload: unknown;
  readonly FunctionError?: string;
  readonly UnhandledError?: boolean;
}

/**
 * Lambda's `Invoke`. In the place of serverless-offline's own `InvocationsController`, which never repeats an asynchronous invocation, forgets failed ones, and takes payloads
 * of any size.
 */
export default class Invocations {
  readonly #lambda: Lambda;
  readonly #asynchronous: AsynchronousInvocations;

  constructor(lambda: Lambda) {
    this.#lambda = lambda;
    const failed = new FailedInvokes(process.env.FAILED_INVOKES_FILE ?? '');
    this.#asynchronous = new AsynchronousInvocations({ keep: (failure) => failed.add(failure) });
  }

  async invoke(name: string, type: string | null, event: unknown, context: unknown): Promise<Answer> {
    const settings = this.#lambda.asynchronousSettings(name);
    if (!settings) return refused(404, 'ResourceNotFoundException', `Function not found: ${name}`);
    const run = () => {
      const environment = this.#lambda.getByFunctionName(name);
      environment.setClientContext(context);
      environment.setEvent(event);
      return environment.runHandler();
    };
    if (type === 'Event') return this.#accept(settings, event, run);
    if (jsonBytes(event) > PAYLOAD_LIMITS.request) return tooLarge(PAYLOAD_LIMITS.request, 'InvokeFunction');
    return run().then(answered, failed);
  }

  #accept(settings: AsynchronousSettings, event: unknown, run: () => Promise<unknown>): Answer {
    if (jsonBytes(event) > PAYLOAD_LIMITS.asynchronous) return tooLarge(PAYLOAD_LIMITS.asynchronous, 'InvokeFunction');
    void this.#asynchronous.invoke(settings, event, async () => {
      try {
        return await run();
      } catch (error) {
        console.error(`An asynchronous invocation of ${settings.name} failed:`, error);
        throw error;
      }
    });
    return { StatusCode: 202, Payload: '' };
  }
}

const refused = (StatusCode: number, FunctionError: string, Message: string): Answer => ({
  StatusCode,
  FunctionError,
  Payload: { Message, Type: 'User' },
});

const tooLarge = (bytes: number, operation: string): Answer =>
  refused(
    413,
    'RequestTooLargeException',
    `Request must be smaller than ${bytes} bytes for the ${operation} operation`,
  );

const answered = (result: unknown): Answer => {
  if (jsonBytes(result) <= PAYLOAD_LIMITS.response) return { StatusCode: 200, Payload: JSON.stringify(result ?? null) };
  const why = `Response payload size exceeded maximum allowed payload size (${PAYLOAD_LIMITS.response} bytes).`;
  return failed(Object.assign(new Error(why), { name: 'Function.ResponseSizeTooLarge' }));
};

const failed = (error: unknown): Answer => {
  const { name: errorType, message: errorMessage, stack = '' } = error as Error;
  return {
    StatusCode: 200,
    UnhandledError: true,
    Payload: { errorType, errorMessage, trace: stack.split('\n') },
  };
};
