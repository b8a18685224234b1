import { callAdmin } from './admin-client.ts';
import { named } from './commands.ts';
import { type Command, done } from './context.ts';
import { gsonText } from './pretty-json.ts';
import { UsageError } from './usage-error.ts';

/** GET: how far each partition was worked off. */
export const showPositions = async (command: Command): Promise<void> =>
  command.print(gsonText(await callAdmin(command.target, { method: 'GET', path: pathOf(command) })));

/** PUT: where partitions are to go on, as `--positions` says (JSON object by partition or topic). */
export const setPositions = async (command: Command): Promise<void> => {
  const json = readPositions(command.given.positions);
  await callAdmin(command.target, { method: 'PUT', path: pathOf(command), json });
  done(command, 'Positions set successfully');
};

/** POST: forgets the progress of every partition, or of `--partition`. */
export const resetPositions = async (command: Command): Promise<void> => {
  const { partition } = command.given;
  const query = partition === undefined ? {} : { query: { partition: String(partition) } };
  await callAdmin(command.target, { method: 'POST', path: pathOf(command), ...query });
  done(command, 'Positions reset successfully');
};

const pathOf = (command: Command): string[] => [...named(command), 'positions'];

const readPositions = (text: unknown): object => {
  try {
    const positions: unknown = JSON.parse(String(text));
    if (typeof positions === 'object' && positions !== null && !Array.isArray(positions)) return positions;
  } catch {}
  throw new UsageError(
    `--positions must be a JSON object by partition, such as '{"input.csv": null}' or '{"public/default/in": "earliest"}'`,
  );
};
