/**
 * Checks the models of the delivery protocol exhaustively, and that each deliberate defect is found: `npm run model [-- NAME...]`.
 * Needs spin and gcc (apt: `spin gcc libc6-dev`). Without them it says so and skips; with CI=true that is an error. docs/model.md explains the models.
 */
import { spawnSync } from 'node:child_process';
import { MODEL_CASES, type ModelCase } from './cases.ts';
import { checkModel, isAsExpected } from './check.ts';

const AT_ONCE = 2;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const nameOf = ({ model, defines, defects }: ModelCase): string => [model, ...defines, ...defects].join(' ');

const checkAndPrint = async (one: ModelCase): Promise<boolean> => {
  const result = await checkModel(one);
  const isGood = isAsExpected(one, result);
  const found = result.violation === undefined ? 'holds' : one.expected === 'reached' ? 'reached' : 'counterexample';
  const states = `${result.states.toLocaleString('en')} states`.padStart(18);
  const why = one.because ?? (found === 'counterexample' ? result.violation : '');
  say(
    `${isGood ? 'ok   ' : 'WRONG'} ${nameOf(one).padEnd(52)} ${found.padEnd(14)} ${states} ${result.seconds.toFixed(1).padStart(5)} s  ${why}`,
  );
  return isGood;
};

const checkAll = async (cases: readonly ModelCase[]): Promise<number> => {
  const waiting = [...cases];
  let wrong = 0;
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) if (!(await checkAndPrint(one))) wrong++;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return wrong;
};

const isMissing = (command: string): boolean => spawnSync(command, ['--version']).error !== undefined;

const main = async (names: readonly string[]): Promise<void> => {
  const missing = ['spin', 'gcc'].filter(isMissing);
  if (missing.length > 0) {
    say(`models: skipped, ${missing.join(' and ')} not found (apt-get install spin gcc libc6-dev)`);
    process.exitCode = process.env.CI === 'true' ? 1 : 0;
    return;
  }
  const chosen = MODEL_CASES.filter((one) => names.every((name) => nameOf(one).split(' ').includes(name)));
  const wrong = await checkAll(chosen);
  say(`models: ${chosen.length - wrong} of ${chosen.length} as expected`);
  if (wrong > 0 || chosen.length === 0) process.exitCode = 1;
};

await main(process.argv.slice(2));
