import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { cacheDir } from './kit/cache.ts';
import { java } from './kit/java.ts';
import { resolveJars } from './kit/maven.ts';
import { type RunResult, run } from './kit/run.ts';
import { defineTool } from './kit/service.ts';
import { serverJars } from './pulsar/jars.ts';

/** The Java client, and a compiler that needs no JDK. */
export interface JavaClientAddress {
  /** Folder of the server's jars, the client among them. */
  readonly jars: string;
  /** Folder of the compiler's jar. */
  readonly compiler: string;
}

const prepare = async (): Promise<JavaClientAddress> => ({
  jars: await serverJars(),
  compiler: await resolveJars({ name: 'ecj', artifacts: ['org.eclipse.jdt:ecj:3.37.0'], isTransitive: false }),
});

/** The official Java client as a service that suites can need: its download then happens before any test. */
export const javaClient = defineTool({ name: 'javaClient', tools: ['java'], prepare });

const COMPILE_TIMEOUT_MS = 60_000;

/** Folder of the classes of `source`, compiled once per text. */
const compiled = async (source: string, { jars, compiler }: JavaClientAddress): Promise<string> => {
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
  const command = java({ jars: compiler, mainClass, args, heapMb: 256 });
  const { code, stderr } = await run(command.file, command.args, { timeoutMs: COMPILE_TIMEOUT_MS });
  if (code !== 0) throw new Error(`${source} does not compile:\n${stderr}`);
  await rename(work, target).catch(() => rm(work, { recursive: true }));
  return target;
};

/** Runs the class of a Java file with the Pulsar client on its class path to its end; a non-zero exit is a result, not an error. */
export const runJava = async (source: string, args: readonly string[], timeoutMs = 90_000): Promise<RunResult> => {
  const address = await prepare();
  const classes = await compiled(source, address);
  const command = java({ jars: address.jars, classes, mainClass: basename(source, '.java'), args, heapMb: 256 });
  return run(command.file, command.args, { timeoutMs });
};
