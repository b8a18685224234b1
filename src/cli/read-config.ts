import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { ConnectorKind } from '../core/connector.ts';
import { type ConfigOption, configOptions, type ValueForm } from './options.ts';
import { UsageError } from './usage-error.ts';

/** What was given on the command line, by option name. */
export type Given = Readonly<Record<string, unknown>>;

type Config = Record<string, unknown>;

/**
 * The configuration that create or update sends: the YAML file, if there is one, overridden by the options. Of what was not given nothing is in it. Throws `UsageError`.
 */
export const readConfig = async (kind: ConnectorKind, given: Given): Promise<Config> => {
  const config = await readConfigFile(kind, given[`${kind}-config-file`]);
  for (const option of configOptions(kind)) {
    const text = given[option.flag];
    if (text !== undefined && option.field) put(config, option.field, readValue(option, text));
  }
  const type = given[`${kind}-type`];
  if (type === undefined) return config;
  if (config.archive !== undefined && given.archive !== undefined) {
    throw new UsageError(`Cannot specify both archive and ${kind}-type`);
  }
  return { ...config, archive: `builtin://${String(type)}` };
};

const readConfigFile = async (kind: ConnectorKind, path: unknown): Promise<Config> => {
  if (path === undefined) return {};
  try {
    const config: unknown = parse(await readFile(String(path), 'utf8'));
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return { ...config };
    throw new Error(`it must hold the fields of a ${kind} configuration`);
  } catch (cause) {
    throw new UsageError(`Failed to parse config file ${String(path)}. ${(cause as Error).message}`, { cause });
  }
};

const put = (config: Config, field: string, value: unknown): void => {
  const [outer = '', inner] = field.split('.');
  if (inner === undefined) config[outer] = value;
  else config[outer] = { ...(config[outer] as Config | undefined), [inner]: value };
};

const readValue = ({ flag, form, choices }: ConfigOption, value: unknown): unknown => {
  const text = String(value);
  if (choices && !choices.includes(text)) {
    const list = choices.join(', ');
    throw new UsageError(
      `Invalid value for option '--${flag}': expected one of [${list}] (case-sensitive) but was '${text}'`,
    );
  }
  const read = READERS[form](text);
  if (read !== undefined) return read;
  if (form === 'json') throw new UsageError(`Cannot parse ${flag}: it must be a JSON object`);
  throw new UsageError(`Invalid value for option '--${flag}': '${text}' is not ${WANTED[form]}`);
};

const WANTED: Readonly<Record<ValueForm, string>> = {
  text: 'a text',
  integer: 'an int',
  number: 'a number',
  json: 'a JSON object',
  list: 'a list',
  flag: 'true or false',
  boolean: 'true or false',
};

const readBoolean = (text: string): boolean | undefined => ({ true: true, false: false })[text];

/** Each gives undefined for a text that it cannot read. */
const READERS: Readonly<Record<ValueForm, (text: string) => unknown>> = {
  text: (text) => text,
  integer: (text) => (/^-?\d+$/.test(text) ? Number(text) : undefined),
  number: (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined),
  list: (text) => text.split(',').map((each) => each.trim()),
  flag: readBoolean,
  boolean: readBoolean,
  json: (text) => {
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
    } catch {
      return undefined;
    }
  },
};
