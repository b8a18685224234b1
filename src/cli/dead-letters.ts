import { callAdmin } from './admin-client.ts';
import { named } from './commands.ts';
import type { Command } from './context.ts';
import { gsonText } from './pretty-json.ts';
import { UsageError } from './usage-error.ts';

/** GET: how many dead letters there are, and the first `--max` of each topic. */
export const showDeadLetters = (command: Command): Promise<void> => send(command, 'GET', maxOf(command));

/** POST: has a sink write its dead letters again. */
export const redrive = (command: Command): Promise<void> => {
  const reorders = command.given['allow-reordering'] === true;
  return send(command, 'POST', { ...maxOf(command), ...(reorders && { allowReordering: 'true' }) });
};

/** DELETE: drops dead letters for good; `--confirm` repeats the connector's name. */
export const dropDeadLetters = (command: Command): Promise<void> =>
  send(command, 'DELETE', { ...maxOf(command), confirm: String(command.given.confirm) });

const send = async (
  command: Command,
  method: 'GET' | 'POST' | 'DELETE',
  query: Readonly<Record<string, string>>,
): Promise<void> => {
  const path = [...named(command), 'dead-letters'];
  command.print(gsonText(await callAdmin(command.target, { method, path, query })));
};

const maxOf = ({ given: { max } }: Command): Readonly<Record<string, string>> => {
  if (max === undefined) return {};
  if (!/^\d+$/.test(String(max))) throw new UsageError(`--max must be a number of letters, not '${String(max)}'`);
  return { max: String(max) };
};
