import { compileJava } from './compile-java.ts';
import { java } from './java.ts';
import { type JsonLines, startJsonLines } from './json-lines.ts';

/** Compiles the Java file `source` against the jars in the folder `jars` and starts its class, which answers lines of JSON. */
export const startJavaLines = async (
  source: string,
  mainClass: string,
  jars: string,
  args: readonly string[] = [],
): Promise<JsonLines> => {
  const classes = await compileJava(source, jars);
  const command = java({ jars, classes, mainClass, args, heapMb: 256 });
  return startJsonLines(`the JVM of ${mainClass}`, command.file, command.args);
};
