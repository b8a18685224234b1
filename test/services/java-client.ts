import { basename } from 'node:path';
import { compileJava, compilerJars } from './kit/compile-java.ts';
import { java } from './kit/java.ts';
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

const prepare = async (): Promise<JavaClientAddress> => ({ jars: await serverJars(), compiler: await compilerJars() });

/** The official Java client as a service that suites can need: its download then happens before any test. */
export const javaClient = defineTool({ name: 'javaClient', tools: ['java'], prepare });

/** Runs the class of a Java file with the Pulsar client on its class path to its end; a non-zero exit is a result, not an error. */
export const runJava = async (source: string, args: readonly string[], timeoutMs = 90_000): Promise<RunResult> => {
  const { jars } = await prepare();
  const classes = await compileJava(source, jars);
  const command = java({ jars, classes, mainClass: basename(source, '.java'), args, heapMb: 256 });
  return run(command.file, command.args, { timeoutMs });
};
