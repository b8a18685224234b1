import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { run } from './run.ts';
import { requireTools, ServiceUnavailableError } from './tools.ts';

/** A Maven artifact as `group:artifact:version`, or `group:artifact` when an import gives the version. */
export type Coordinate = string;

/** What to resolve. */
export interface JarSet {
  /** Names the folder in the cache. */
  readonly name: string;
  readonly artifacts: readonly Coordinate[];
  /** Poms whose dependencyManagement gives versions. */
  readonly imports?: readonly Coordinate[];
  /** False: the artifacts alone, without what they depend on. */
  readonly isTransitive?: boolean;
}

const resolveTimeoutMs = 15 * 60_000;
const maxAttempts = 2;

/**
 * The folder with the jars of `set`, resolved once per machine: its name holds a hash of the pom, so a change resolves anew.
 * One Maven runs at a time, as its local repository is not safe for several. Throws `ServiceUnavailableError`.
 */
export const resolveJars = async (set: JarSet): Promise<string> => {
  const pom = pomOf(set);
  const hash = createHash('sha256').update(pom).digest('hex').slice(0, 12);
  const target = join(cacheDir(), 'maven', `${set.name}-${hash}`);
  if (existsSync(target)) return target;
  requireTools(set.name, ['java', 'mvn']);
  return withLock(join(cacheDir(), 'maven.lock'), async () => {
    if (!existsSync(target)) await resolveInto(target, set.name, pom);
    return target;
  });
};

const resolveInto = async (target: string, name: string, pom: string): Promise<void> => {
  const work = `${target}.${process.pid}.tmp`;
  const jars = join(work, 'jars');
  await mkdir(work, { recursive: true });
  try {
    await writeFile(join(work, 'pom.xml'), pom);
    await copyDependencies(name, work, jars);
    await rename(jars, target).catch((error) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

const copyDependencies = async (name: string, work: string, jars: string): Promise<void> => {
  const args = ['-q', '-B', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`];
  let output = '';
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const { code, stdout, stderr } = await run('mvn', args, { timeoutMs: resolveTimeoutMs, cwd: work });
    if (code === 0) return;
    output = `${stdout}${stderr}`.trim().slice(-3_000);
  }
  throw new ServiceUnavailableError(`Maven could not resolve the jars of ${name}:\n${output}`);
};

const pomOf = ({
  artifacts,
  imports = [],
  isTransitive = true,
}: JarSet): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>pulsar-io-serverless.test</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencyManagement><dependencies>
${imports.map((it) => dependency(it, '<type>pom</type><scope>import</scope>')).join('\n')}
</dependencies></dependencyManagement>
<dependencies>
${artifacts.map((it) => dependency(it, isTransitive ? '' : withoutDependencies)).join('\n')}
</dependencies>
</project>
`;

const withoutDependencies =
  '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>';

const dependency = (coordinate: Coordinate, extra: string): string => {
  const [group, artifact, version] = coordinate.split(':');
  const versionTag = version ? `<version>${version}</version>` : '';
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>${versionTag}${extra}</dependency>`;
};
