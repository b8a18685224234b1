import { MessageChannel, Worker } from 'node:worker_threads';

/** What serverless-offline knows of a function. */
interface FunctionOptions {
  readonly codeDir: string;
  readonly functionKey: string;
  readonly handler: string;
  readonly servicePath: string;
  readonly timeout: number;
}

/** The script of serverless-offline's own threads, beside the module that this one replaces. */
const SCRIPT = new URL('workerThreadHelper.js', new URL(import.meta.url).searchParams.get('for') ?? undefined);

/** The rest is for what is outside of the heap. */
const HEAP_SHARE = 0.75;
const DEFAULT_MEMORY_MB = 1024;

/**
 * A sandbox as Lambda has it: one invocation at a time in a thread of its own, kept for the next one. In the place of serverless-offline's own
 * `WorkerThreadRunner`, which ends the whole emulation when a thread dies, and leaves the invocation unanswered.
 * Here the invocation fails, and the next one gets a new thread, as Lambda does after `Runtime exited`; its heap
 * is limited by the function's memory.
 */
export default class SandboxThread {
  readonly #options: FunctionOptions;
  readonly #env: NodeJS.ProcessEnv;
  #thread: Worker | undefined;

  constructor({ codeDir, functionKey, handler, servicePath, timeout }: FunctionOptions, env: NodeJS.ProcessEnv) {
    this.#options = { codeDir, functionKey, handler, servicePath, timeout };
    this.#env = env;
  }

  /** Ends the thread, as Lambda does at the deadline and with an idle sandbox. */
  async cleanup(): Promise<void> {
    await this.#thread?.terminate();
  }

  /** Invokes the handler; rejects with what it throws, or when its thread dies. */
  run(event: unknown, context: unknown): Promise<unknown> {
    const thread = this.#thread ?? this.#start();
    const { port1: ours, port2: theirs } = new MessageChannel();
    return new Promise((resolve, reject) => {
      const onDeath = (error: Error) => settle(() => reject(error));
      const settle = (answer: () => void) => {
        thread.off('sandbox-death', onDeath);
        ours.close();
        answer();
      };
      thread.once('sandbox-death', onDeath);
      ours.once('message', (answer) => settle(() => (answer instanceof Error ? reject(answer) : resolve(answer))));
      thread.postMessage({ event, context, port: theirs }, [theirs]);
    });
  }

  #start(): Worker {
    const thread = new Worker(SCRIPT, {
      env: this.#env,
      workerData: this.#options,
      execArgv: [],
      resourceLimits: {
        maxOldGenerationSizeMb: HEAP_SHARE * Number(this.#env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? DEFAULT_MEMORY_MB),
      },
    });
    let cause: unknown;
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', (code) => {
      if (this.#thread === thread) this.#thread = undefined;
      thread.emit(
        'sandbox-death',
        new Error(`the sandbox of ${this.#options.functionKey} exited (${code})`, { cause }),
      );
    });
    this.#thread = thread;
    return thread;
  }
}
