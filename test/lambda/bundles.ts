import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { parse } from 'yaml';
import bundlePlugins from '../../scripts/bundle-drivers.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What only serverless-esbuild understands. */
const NOT_ESBUILD = ['exclude', 'plugins', 'outputFileExtension', 'outputWorkFolder', 'watch', 'skipRebuild'];

interface Service {
  readonly custom: { readonly esbuild: Readonly<Record<string, unknown>> };
  readonly functions: Readonly<Record<string, { readonly handler: string }>>;
}

const service = (): Service => parse(readFileSync(join(ROOT, 'serverless.yml'), 'utf8'), { merge: true });

/** Functions of a deployment by name, with their handler: `handlers/admin.handler`. */
export const deployedHandlers = (): ReadonlyMap<string, string> =>
  new Map(Object.entries(service().functions).map(([name, { handler }]) => [name, handler]));

/** esbuild's options of a deployment. */
const deploymentOptions = (): BuildOptions =>
  Object.fromEntries(Object.entries(service().custom.esbuild).filter(([name]) => !NOT_ESBUILD.includes(name)));

/** Bundles `entry` (a path from the root) into `folder` as a deployment does; resolves with what is in it. */
export const bundleAsDeployed = async (entry: string, folder: string): Promise<Metafile> => {
  const { metafile } = await build({
    ...deploymentOptions(),
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outdir: folder,
    outbase: ROOT,
    outExtension: { '.js': '.mjs' },
    plugins: bundlePlugins({ service: {} }),
    metafile: true,
    logLevel: 'error',
  });
  return metafile;
};

/** Bytes of a bundle: of what its start loads, and of what it may load later. */
export const bundleSizes = ({ outputs }: Metafile): { readonly atStart: number; readonly later: number } => {
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint !== undefined && !isChunk(path)) ?? '';
  const atStart = new Set<string>();
  const visit = (path: string): void => {
    if (atStart.has(path) || !outputs[path]) return;
    atStart.add(path);
    for (const { path: next, kind } of outputs[path].imports) if (kind === 'import-statement') visit(next);
  };
  visit(entry);
  const sum = (paths: readonly string[]) => paths.reduce((total, path) => total + (outputs[path]?.bytes ?? 0), 0);
  const code = Object.keys(outputs).filter((path) => path.endsWith('.mjs'));
  return { atStart: sum([...atStart]), later: sum(code.filter((path) => !atStart.has(path))) };
};

/** Parts are called `NAME.HASH.mjs`. */
const isChunk = (path: string): boolean => /\.[A-Z0-9]{8}\.mjs$/.test(path);
