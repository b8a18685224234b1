import { callAdmin } from './admin-client.ts';
import { type Command, done } from './context.ts';
import { asGson, gsonText, jacksonText } from './pretty-json.ts';
import { readConfig } from './read-config.ts';
import { UsageError } from './usage-error.ts';
import { waitUntilRunning } from './wait.ts';

/** POST: makes a connector of what the options and the configuration file say. */
export const create = async (command: Command): Promise<void> => {
  const { kind } = command;
  const config: Record<string, unknown> = { parallelism: 1, ...(await readPlacedConfig(command)) };
  await checkType(command);
  if (!config.archive) throw new UsageError(`${title(command)} archive not specified; name a type with --${kind}-type`);
  if (!config.name) throw new UsageError(`${title(command)} name not specified`);
  const path = pathOf(command, config);
  const query = command.given.stopped ? { query: { stopped: 'true' } } : {};
  await callAdmin(command.target, { method: 'POST', path, form: { [`${kind}Config`]: config }, ...query });
  if (command.given.wait) await waitUntilRunning(command, path);
  done(command, 'Created successfully');
};

/** PUT: changes what the options and the configuration file say. */
export const update = async (command: Command): Promise<void> => {
  const { kind, given } = command;
  const config = await readPlacedConfig(command);
  await checkType(command);
  if (!config.name) throw new UsageError(`${title(command)} name not specified`);
  const updateOptions = { updateAuthData: given['update-auth-data'] === true };
  const path = pathOf(command, config);
  await callAdmin(command.target, { method: 'PUT', path, form: { [`${kind}Config`]: config, updateOptions } });
  if (given.wait) await waitUntilRunning(command, path);
  done(command, 'Updated successfully');
};

/** DELETE. */
export const remove = async (command: Command): Promise<void> => {
  await callAdmin(command.target, { method: 'DELETE', path: named(command) });
  done(command, command.kind === 'sink' ? 'Deleted successfully' : 'Delete source successfully');
};

/** GET: the configuration as stored. */
export const get = async (command: Command): Promise<void> =>
  command.print(gsonText(asGson(await callAdmin(command.target, { method: 'GET', path: named(command) }))));

/** GET: the names in a namespace. */
export const list = async (command: Command): Promise<void> => {
  const { tenant, namespace } = place(command.given);
  command.print(gsonText(await callAdmin(command.target, { method: 'GET', path: [command.kind, tenant, namespace] })));
};

/** GET: the status of all instances, or of one. */
export const status = async (command: Command): Promise<void> => {
  const path = [...named(command), ...instance(command), 'status'];
  command.print(jacksonText(await callAdmin(command.target, { method: 'GET', path })));
};

/** POST start, stop or restart, of all instances or of one. */
export const setState =
  (verb: 'start' | 'stop' | 'restart', message: string) =>
  async (command: Command): Promise<void> => {
    const path = named(command);
    await callAdmin(command.target, { method: 'POST', path: [...path, ...instance(command), verb] });
    if (command.given.wait) await waitUntilRunning(command, path);
    done(command, message);
  };

interface Builtin {
  readonly name: string;
  readonly description?: string;
}

/** GET: connector types, each with its summary, as `pulsar-admin` prints them. */
export const available = async (command: Command): Promise<void> => {
  const types = await builtins(command);
  if (command.given.output === 'json') return command.print(gsonText(types));
  for (const { name, description = '' } of types) {
    command.print(`${name}\n${wrap(description, 80)}\n${'-'.repeat(40)}`);
  }
};

/** POST: has the types read again. */
export const reload = async (command: Command): Promise<void> => {
  const path = [command.kind, `reloadBuiltIn${title(command)}s`];
  await callAdmin(command.target, { method: 'POST', path });
};

/** Path of the connector that `--tenant`, `--namespace` and `--name` name. Throws `UsageError` without a name. */
export const named = (command: Command): string[] => {
  if (command.given.name === undefined) throw new UsageError(`You must specify a name for the ${command.kind}`);
  return pathOf(command, {});
};

/** The configuration that was given, with tenant and namespace. Throws `UsageError`. */
export const readPlacedConfig = async ({ kind, given }: Command): Promise<Record<string, unknown>> => {
  const config = await readConfig(kind, given);
  return { ...config, ...place(config) };
};

/** Path of the connector that `config` or the options name. */
export const pathOf = ({ kind, given }: Command, config: Readonly<Record<string, unknown>>): string[] => {
  const { tenant, namespace } = place({ ...config, ...given });
  return [kind, tenant, namespace, String(given.name ?? config.name)];
};

const place = ({ tenant = 'public', namespace = 'default' }: Readonly<Record<string, unknown>>) => ({
  tenant: String(tenant),
  namespace: String(namespace),
});

const instance = ({ given }: Command): string[] => {
  const id = given['instance-id'];
  if (id === undefined) return [];
  if (!/^-?\d+$/.test(String(id))) throw new UsageError('instance-id must be a number');
  return [String(id)];
};

const title = ({ kind }: Command): 'Sink' | 'Source' => (kind === 'sink' ? 'Sink' : 'Source');

const builtins = async ({ kind, target }: Command): Promise<readonly Builtin[]> =>
  (await callAdmin(target, { method: 'GET', path: [kind, `builtin${kind}s`] })) as readonly Builtin[];

const checkType = async (command: Command): Promise<void> => {
  const type = command.given[`${command.kind}-type`];
  if (type === undefined) return;
  const names = (await builtins(command)).map(({ name }) => name);
  if (names.includes(String(type))) return;
  const { kind } = command;
  throw new UsageError(`Invalid ${kind} type '${String(type)}' -- Available ${kind}s are: [${names.join(', ')}]`);
};

const wrap = (text: string, width: number): string =>
  text.replace(new RegExp(`(.{1,${width}})(\\s+|$)`, 'g'), '$1\n').trimEnd();
