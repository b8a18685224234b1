import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ModelCase } from './cases.ts';

const run = promisify(execFile);

/** What spin found in one case. */
export interface ModelResult {
  readonly states: number;
  readonly depth: number;
  /** The violated assertion or `invalid end state`; undefined: nothing is violated in any state. */
  readonly violation: string | undefined;
  readonly seconds: number;
}

/** A search that takes longer or needs more is no small model any more. */
const SEARCH_TIMEOUT_MS = 120_000;
const SEARCH_MEMORY_MB = 3_000;

/** Translates, compiles and searches one case exhaustively; throws when the search was not complete. */
export const checkModel = async ({ model, defines, defects, expected }: ModelCase): Promise<ModelResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'pulsar-io-model-'));
  const startedMs = performance.now();
  try {
    const cwd = { cwd: folder, timeout: SEARCH_TIMEOUT_MS };
    const file = join(import.meta.dirname, `${model}.pml`);
    await run('spin', ['-a', ...[...defines, ...defects].map((name) => `-D${name}`), file], cwd);
    const optimise = expected === 'holds' ? '-O2' : '-O0';
    const options = ['-w', optimise, '-DSAFETY', '-DNOFAIR', `-DMEMLIM=${SEARCH_MEMORY_MB}`];
    await run('gcc', [...options, '-o', 'pan', 'pan.c'], cwd);
    // A witness that still waits is no deadlock.
    const search = ['-m100000', '-w22', ...(expected === 'reached' ? ['-E'] : [])];
    const { stdout } = await run(join(folder, 'pan'), search, cwd);
    return { ...readResult(stdout), seconds: (performance.now() - startedMs) / 1000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Reads pan's report; throws when it says that not everything was searched. */
const readResult = (report: string): Omit<ModelResult, 'seconds'> => {
  const [, depth, errors] = /depth reached (\d+), errors: (\d+)/.exec(report) ?? [];
  const [, states] = /(\d+) states, stored/.exec(report) ?? [];
  if (depth === undefined || states === undefined) throw new Error(`pan gave no result:\n${report}`);
  const isPartial = /max search depth too small|memory limit|out of memory|Search not completed/.test(report);
  if (isPartial && errors === '0') throw new Error(`the search was not complete:\n${report}`);
  const [, violation = 'an error'] = /pan:\d+: (.*?)(?: \(at depth \d+\))?\n/.exec(report) ?? [];
  return { states: Number(states), depth: Number(depth), violation: errors === '0' ? undefined : violation };
};

/** True when the result is what the case expects. */
export const isAsExpected = ({ expected }: ModelCase, { violation }: ModelResult): boolean =>
  (violation === undefined) === (expected === 'holds');
