import { pythonWith } from './kit/python.ts';
import { type RunResult, run } from './kit/run.ts';
import { defineTool } from './kit/service.ts';

/** A Python that can `import pulsar`: the official C++ client, as an independent check of ours. */
export interface PythonClientAddress {
  /** Path of the interpreter. */
  readonly python: string;
}

const clientPython = (): Promise<string> =>
  pythonWith('python-client', ['pulsar-client[avro]==3.13.0', 'protobuf==6.33.6']);

/** The official client as a service that suites can need: its installation then happens before any test. */
export const pythonClient = defineTool({
  name: 'pythonClient',
  tools: [],
  prepare: async (): Promise<PythonClientAddress> => ({ python: await clientPython() }),
});

/** Surroundings of one script. */
export interface PythonOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs Python `code` with `args` in `sys.argv[1:]` to its end; `import pulsar` works in it.
 * A non-zero exit is a result, not an error. `timeoutMs`: default 60,000.
 */
export const runPython = async (
  code: string,
  args: readonly string[] = [],
  { timeoutMs = 60_000, signal }: PythonOptions = {},
): Promise<RunResult> => run(await clientPython(), ['-c', code, ...args], { timeoutMs, ...(signal && { signal }) });
