import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type JarSet, resolveJars } from '../kit/maven.ts';

const serverVersion = '4.0.7';
/** Tools and connectors: Maven serves all of these at this version only; they work with a 4.0.7 server. */
const toolsVersion = '4.0.8';

const server: JarSet = {
  name: 'pulsar',
  imports: [`org.apache.pulsar:pulsar:${serverVersion}`],
  artifacts: [
    `org.apache.pulsar:pulsar-broker:${serverVersion}`,
    `org.apache.pulsar:pulsar-functions-worker:${serverVersion}`,
    `org.apache.pulsar:pulsar-package-filesystem-storage:${serverVersion}`,
    'org.apache.logging.log4j:log4j-slf4j2-impl',
    'org.apache.logging.log4j:log4j-core',
    'com.lmax:disruptor',
    'org.apache.bookkeeper.stats:prometheus-metrics-provider',
    'com.fasterxml.jackson.dataformat:jackson-dataformat-yaml',
    'io.dropwizard.metrics:metrics-core',
    'org.xerial.snappy:snappy-java',
    'io.perfmark:perfmark-api',
  ],
};

/** Folder of the server's jars. */
export const serverJars = (): Promise<string> => resolveJars(server);

/** Folder of the command line tools' jars. */
export const toolsJars = (): Promise<string> =>
  resolveJars({
    name: 'pulsar-tools',
    // The poms of Maven leave versions of Jackson that do not fit together: the tool could not read a YAML file.
    imports: ['com.fasterxml.jackson:jackson-bom:2.17.2'],
    artifacts: [`org.apache.pulsar:pulsar-client-tools:${toolsVersion}`, 'org.slf4j:slf4j-nop:2.0.13'],
  });

/** Folder of the main jars of the connectors `names`; on Maven a connector's jar is its NAR. */
export const connectorJars = (names: readonly string[]): Promise<string> =>
  resolveJars({
    name: `pulsar-connectors-${names.length}`,
    artifacts: [...names].sort().map((name) => `org.apache.pulsar:pulsar-io-${name}:${toolsVersion}`),
    isTransitive: false,
  });

/** Copies connectors into `folder` under the name that the functions worker looks for. */
export const installConnectors = async (jars: string, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const file of await readdir(jars))
    await copyFile(join(jars, file), join(folder, file.replace(/\.jar$/, '.nar')));
};
