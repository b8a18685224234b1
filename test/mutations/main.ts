/**
 * Puts each deliberate defect into a copy of the tree and sees its test fail: `npm run mutations [-- --only NAME]...`. First the same tests
 * must pass on the tree as it is. Ends with 1 when a defect goes unnoticed, or a mutation no longer fits the code.
 */
import { parseArgs } from 'node:util';
import { ABSENT, MUTATIONS, type Mutation, mutationName } from './mutations.ts';
import { Sandbox } from './sandbox.ts';

const AT_ONCE = 2;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const passesUnbroken = async (sandbox: Sandbox, mutations: readonly Mutation[]): Promise<boolean> => {
  const files = [...new Set(mutations.map(({ tests }) => tests))];
  const names = mutations.some(({ named }) => named === '') ? '' : mutations.map(({ named }) => named).join('|');
  const { passed, failures } = await sandbox.test(files, names);
  say(`unbroken: ${passed} tests pass${failures.length > 0 ? `, and fail: ${failures.join('; ')}` : ''}`);
  return passed > 0 && failures.length === 0;
};

const isCaught = async (sandbox: Sandbox, mutation: Mutation): Promise<boolean> => {
  const startedMs = performance.now();
  const { failures } = await sandbox.with(mutation.edits, () => sandbox.test([mutation.tests], mutation.named));
  // A copy that cannot even be loaded shows nothing about the defect.
  const caught = failures.filter((name) => !name.startsWith('did not run'));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5);
  const by = caught[0] ?? failures[0] ?? 'nothing';
  say(
    `${caught.length > 0 ? 'caught ' : 'MISSED '} ${mutationName(mutation).padEnd(4)} ${seconds} s  ${mutation.defect}: ${by}`,
  );
  return caught.length > 0;
};

const main = async (only: readonly string[]): Promise<void> => {
  const chosen = MUTATIONS.filter((one) => only.length === 0 || only.includes(mutationName(one)));
  const waiting = [...chosen];
  let missed = 0;
  const work = async (): Promise<void> => {
    await using sandbox = await Sandbox.make();
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const isGood = await isCaught(sandbox, one).catch((error: Error) => {
        say(`BROKEN  ${mutationName(one as Mutation)} ${error.message}`);
        return false;
      });
      if (!isGood) missed += 1;
    }
  };
  await using unbroken = await Sandbox.make();
  if (chosen.length === 0 || !(await passesUnbroken(unbroken, chosen))) process.exitCode = 1;
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  say(
    `mutations: ${chosen.length - missed} of ${chosen.length} caught; ${ABSENT.length} defects have no code to be put into`,
  );
  if (missed > 0) process.exitCode = 1;
};

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } });
await main(values.only);
