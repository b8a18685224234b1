import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { cacheDir } from './cache.ts';
import { java } from './java.ts';
import { resolveJars } from './maven.ts';
import { run } from './run.ts';

const COMPILE_TIMEOUT_MS = 60_000;

/** Folder of a compiler's jar that needs no JDK. */
export const compilerJars = (): Promise<string> =>
  resolveJars({ name: 'ecj', artifacts: ['org.eclipse.jdt:ecj:3.37.0'], isTransitive: false });

/** Folder of the classes of the Java file `source`, compiled against the jars in the folder `jars`, once per text. */
export const compileJava = async (source: string, jars: string): Promise<string> => {
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 12);
  const target = join(cacheDir(), 'java-classes', `${basename(source, '.java')}-${hash}`);
  if (existsSync(target)) return target;
  const work = `${target}.${process.pid}.tmp`;
  await mkdir(work, { recursive: true });
  const classPath = (await readdir(jars)).map((jar) => join(jars, jar)).join(delimiter); // it knows no `*`
  const args = ['-17', '-nowarn', '-proc:none', '-classpath', classPath, '-d', work, source];
  const mainClass = 'org.eclipse.jdt.internal.compiler.batch.Main';
  const command = java({ jars: await compilerJars(), mainClass, args, heapMb: 256 });
  const { code, stderr } = await run(command.file, command.args, { timeoutMs: COMPILE_TIMEOUT_MS });
  if (code !== 0) throw new Error(`${source} does not compile:\n${stderr}`);
  await rename(work, target).catch(() => rm(work, { recursive: true }));
  return target;
};
