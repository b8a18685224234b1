import { callAdmin } from './admin-client.ts';
import { pathOf, readPlacedConfig } from './commands.ts';
import type { Command } from './context.ts';
import { gsonText } from './pretty-json.ts';
import { UsageError } from './usage-error.ts';

interface Checked {
  readonly ok: boolean;
  readonly findings: readonly { side: string; ok: boolean; what: string; advice?: string }[];
}

/** POST: whether what the options and the configuration file say would work; with a name alone, the connector of that name. Throws when something is wrong. */
export const check = async (command: Command): Promise<void> => {
  const { ok, findings } = (await ask(command, 'check')) as Checked;
  if (command.given.output === 'json') command.print(gsonText({ ok, findings }));
  else for (const finding of findings) command.print(lineOf(finding));
  if (!ok) throw new Error('The check found something wrong');
};

/** POST: the next records and what would be written. */
export const preview = async (command: Command): Promise<void> => {
  const { records } = command.given;
  command.print(gsonText(await ask(command, 'preview', records === undefined ? {} : { records: String(records) })));
};

interface CostSum {
  readonly usd: number;
  readonly items: readonly { item: string; quantity: number; unit: string; usd: number }[];
}
type Costs = Readonly<Record<keyof typeof TITLES, CostSum>>;

const TITLES = {
  perMillionRecords: 'A million records',
  perIdleMonth: 'A month idle',
  deploymentPerMonth: 'The deployment, a month, for all connectors',
} as const;

const LOAD = { 'records-per-second': 'recordsPerSecond', 'record-bytes': 'recordBytes', 'memory-mb': 'memoryMb' };

/** POST: what it would cost at AWS. */
export const cost = async (command: Command): Promise<void> => {
  const { given, print } = command;
  const query = Object.entries(LOAD).flatMap(([flag, name]) =>
    given[flag] === undefined ? [] : [[name, String(given[flag])] as const],
  );
  const costs = (await ask(command, 'cost', Object.fromEntries(query))) as Costs;
  if (given.output === 'json') return print(gsonText(costs));
  for (const [name, title] of Object.entries(TITLES) as [keyof Costs, string][]) {
    print(`${title}: $${costs[name].usd}`);
    for (const { item, quantity, unit, usd } of costs[name].items) print(`  $${usd}  ${item}: ${quantity} ${unit}`);
  }
};

const lineOf = ({ side, ok, what, advice }: Checked['findings'][number]): string =>
  `${ok ? 'ok   ' : 'WRONG'} ${side}: ${what}${advice ? `\n      ${advice}` : ''}`;

/** Sends the configuration where one was given. */
const ask = async (command: Command, what: string, query: Record<string, string> = {}): Promise<unknown> => {
  const { tenant, namespace, name, ...rest } = await readPlacedConfig(command);
  if (!name) throw new UsageError(`You must specify a name for the ${command.kind}`);
  const path = [...pathOf(command, { tenant, namespace, name }), what];
  const isGiven = Object.keys(rest).length > 0;
  const form = { [`${command.kind}Config`]: { tenant, namespace, name, ...rest } };
  return callAdmin(command.target, { method: 'POST', path, query, ...(isGiven && { form }) });
};
