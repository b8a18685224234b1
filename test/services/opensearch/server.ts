import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileJava } from '../kit/compile-java.ts';
import { java } from '../kit/java.ts';
import { resolveJars } from '../kit/maven.ts';
import { defineServer, type Place, type RunningServer } from '../kit/server.ts';

/** Where OpenSearch answers, without authentication. */
export interface OpensearchAddress {
  readonly url: string;
}

const host = '127.0.0.1';

/** A disk that others fill must not make the indices read-only, and a batch of a test must not fill the heap. */
const settings = ({ ports }: Place<'http' | 'transport'>): string[] => [
  `http.port=${ports.http}`,
  `transport.port=${ports.transport}`,
  `network.host=${host}`,
  'discovery.type=single-node',
  'cluster.routing.allocation.disk.threshold_enabled=false',
  'node.processors=2',
  'http.max_content_length=20mb',
];

const log4j = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %-5level %logger{1} %msg%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`;

interface Prepared {
  readonly jars: string;
  readonly classes: string;
}

const prepare = async (): Promise<Prepared> => {
  const artifacts = [
    'org.opensearch:opensearch:2.19.3',
    'org.opensearch.plugin:transport-netty4-client:2.19.3',
    'org.apache.logging.log4j:log4j-core:2.21.0',
  ];
  const jars = await resolveJars({ name: 'opensearch', artifacts });
  return { jars, classes: await compileJava(join(import.meta.dirname, 'OpenSearchNode.java'), jars) };
};

/** OpenSearch, one node; it syncs each write to its disk before it answers, so a kill loses nothing of what it answered. */
export const opensearch = defineServer({
  name: 'opensearch',
  tools: ['java'],
  ports: ['http', 'transport'],
  startTimeoutMs: 120_000,
  prepare,
  configure: async (place: Place<'http' | 'transport'>, { jars, classes }) => {
    const config = join(place.home, 'config');
    await mkdir(config);
    await writeFile(join(config, 'log4j2.properties'), log4j);
    const args = [place.home, ...settings(place)];
    const flags = [`-Dlog4j2.configurationFile=${join(config, 'log4j2.properties')}`, '-XX:MaxDirectMemorySize=128m'];
    return java({ jars, classes, mainClass: 'OpenSearchNode', args, heapMb: 384, flags, cwd: place.home });
  },
  address: ({ ports }: Place<'http' | 'transport'>): OpensearchAddress => ({ url: `http://${host}:${ports.http}` }),
  isReady: async ({ url }) => {
    const path = '/_cluster/health?wait_for_status=yellow&timeout=3s';
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok;
  },
});

/** Starts a node of your own, e.g. to kill it. */
export const startOpensearch = (): Promise<RunningServer<OpensearchAddress>> => opensearch.start();
