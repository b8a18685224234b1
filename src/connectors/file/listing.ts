import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { PulsarIoError } from '../../core/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { wholeMatch } from '../config.ts';
import type { FileConfig } from './config.ts';

const MAX_FILES = 10_000;

/** Directory that partition names are relative to. */
export const rootOf = ({ path, inputDirectory }: FileConfig): string =>
  resolve(path === undefined ? (inputDirectory as string) : dirname(path));

/** Absolute path of a partition; throws `PIO_SOURCE_CHANGED` when the name leads out of the root. */
export const pathOf = (config: FileConfig, partition: string): string => {
  const root = rootOf(config);
  const path = resolve(root, partition);
  if (path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) return path;
  throw new PulsarIoError('PIO_SOURCE_CHANGED', `source partition ${partition} is not below ${root}`);
};

/**
 * Files that `config` selects at `nowMs`: paths relative to the root with `/` between the parts, sorted. A file given by `path` is always listed.
 * Throws `PIO_SOURCE_UNAVAILABLE` when the directory cannot be read.
 */
export const listFiles = async (config: FileConfig, nowMs: number, signal: AbortSignal): Promise<string[]> => {
  if (config.path !== undefined) return [basename(config.path)];
  const found: string[] = [];
  const pending = [''];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    throwIfAborted(signal, `listing ${config.inputDirectory}`);
    for (const entry of await entriesOf(rootOf(config), directory)) {
      const relative = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) {
        if (config.recurse) pending.push(relative);
      } else if (mayMatch(config, directory, entry.name) && (await fits(config, relative, nowMs))) found.push(relative);
    }
    if (found.length > MAX_FILES)
      throw new PulsarIoError(
        'PIO_CONFIG_INVALID',
        `${config.inputDirectory} holds more than ${MAX_FILES} matching files: narrow fileFilter or pathFilter`,
      );
  }
  return found.sort();
};

const entriesOf = async (root: string, directory: string) => {
  try {
    return await readdir(join(root, directory), { withFileTypes: true });
  } catch (cause) {
    if (directory !== '' && (cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unavailable(`listing ${join(root, directory)}`, cause);
  }
};

const mayMatch = (
  { fileFilter, pathFilter, recurse, ignoreHiddenFiles }: FileConfig,
  directory: string,
  name: string,
): boolean => {
  if (ignoreHiddenFiles && name.startsWith('.')) return false;
  if (directory !== '' && recurse && pathFilter !== undefined && !wholeMatch(pathFilter)?.test(directory)) return false;
  return wholeMatch(fileFilter)?.test(name) ?? false;
};

const fits = async (config: FileConfig, relative: string, nowMs: number): Promise<boolean> => {
  let stats: Stats;
  try {
    stats = await stat(join(rootOf(config), relative));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false; // gone since it was listed
    throw unavailable(`looking at ${relative}`, cause);
  }
  const ageMs = nowMs - stats.mtimeMs;
  return (
    stats.isFile() &&
    stats.size >= config.minimumSize &&
    stats.size <= (config.maximumSize ?? Number.POSITIVE_INFINITY) &&
    ageMs >= (config.minimumFileAge ?? Number.NEGATIVE_INFINITY) &&
    ageMs <= (config.maximumFileAge ?? Number.POSITIVE_INFINITY)
  );
};

/** A file system error as `PIO_SOURCE_UNAVAILABLE`: it says which path and which errno. */
export const unavailable = (doing: string, cause: unknown): PulsarIoError =>
  new PulsarIoError('PIO_SOURCE_UNAVAILABLE', `${doing}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, {
    cause,
  });
