import { dirname, join } from 'node:path';
import { pythonWith } from './kit/python.ts';
import { type RunResult, run } from './kit/run.ts';
import { defineTool } from './kit/service.ts';

/** Generates requests from an OpenAPI document, and judges the answers by it. */
export interface SchemathesisAddress {
  /** Path of the interpreter that has it. */
  readonly python: string;
}

const schemathesisPython = (): Promise<string> => pythonWith('schemathesis', ['schemathesis==4.32.5']);

/** Schemathesis as a service that suites can need: its installation then happens before any test. */
export const schemathesis = defineTool({
  name: 'schemathesis',
  tools: [],
  prepare: async (): Promise<SchemathesisAddress> => ({ python: await schemathesisPython() }),
});

/** CPython 3.11 loses count in its parser when threads parse at once (python/cpython#106905); Hypothesis reads lambdas with it. */
const PARSER_FAULT = 'AST constructor recursion depth mismatch';

/**
 * Runs `schemathesis ...argv` to its end, at most `timeoutMs`. A non-zero exit is a result, not an error.
 * A run that ended by a fault of the interpreter, which says nothing of the server, is done once more.
 */
export const runSchemathesis = async (argv: readonly string[], timeoutMs: number): Promise<RunResult> => {
  const python = await schemathesisPython();
  const code = 'import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())';
  const once = (): Promise<RunResult> =>
    run(python, ['-c', code, ...argv], { timeoutMs, cwd: join(dirname(python), '..') });
  const result = await once();
  return `${result.stdout}${result.stderr}`.includes(PARSER_FAULT) ? once() : result;
};
