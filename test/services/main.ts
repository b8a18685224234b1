import { parseArgs } from 'node:util';
import { isServiceName, type ServiceName, shared } from './registry.ts';
import { describeOutcome, startShared } from './start-shared.ts';

const help = `Starts real servers for trying things out, and stops them on Ctrl-C.

  node test/services/main.ts SERVICE...
  node test/services/main.ts --prepare [SERVICE...]

Services: ${Object.keys(shared).join(', ')}
  --prepare   only download what they need; without a name, for all of them
  --help      this text
`;

const readArguments = (): { names: ServiceName[]; isPrepareOnly: boolean } | undefined => {
  const options = { help: { type: 'boolean' }, prepare: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const isPrepareOnly = values.prepare ?? false;
  if (values.help || (positionals.length === 0 && !isPrepareOnly)) return undefined;
  const unknown = positionals.filter((name) => !isServiceName(name));
  if (unknown.length > 0) {
    process.stderr.write(`no such service: ${unknown.join(', ')}\n`);
    process.exitCode = 2;
    return undefined;
  }
  const named = positionals.length > 0 ? positionals : Object.keys(shared);
  return { names: named.filter(isServiceName), isPrepareOnly };
};

const untilInterrupted = (): Promise<void> =>
  new Promise((resolve) => {
    const keepAlive = setInterval(() => {}, 60_000);
    const end = (): void => {
      clearInterval(keepAlive);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  });

const runUntilInterrupted = async (names: readonly ServiceName[]): Promise<void> => {
  const services = await startShared(names);
  const outcomes = Object.entries(services.outcomes);
  for (const [name, outcome] of outcomes) process.stdout.write(`${describeOutcome(name, outcome)}\n`);
  if (outcomes.every(([, { state }]) => state === 'running')) await untilInterrupted();
  else process.exitCode = 1;
  await services.stop();
};

const chosen = readArguments();
if (!chosen) process.stdout.write(help);
else if (chosen.isPrepareOnly) await Promise.all(chosen.names.map((name) => shared[name].prepare()));
else await runUntilInterrupted(chosen.names);
