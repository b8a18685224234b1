import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { java } from './kit/java.ts';
import { resolveJars } from './kit/maven.ts';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';

/** Where a cluster of one node is, in the words of cassandra-driver. */
export interface CassandraAddress {
  readonly contactPoint: string;
  readonly port: number;
  readonly datacenter: string;
}

type Port = 'cql' | 'storage';

const host = '127.0.0.1';
const datacenter = 'datacenter1';

const settings = ({ home, ports }: Place<Port>): Record<string, unknown> => ({
  cluster_name: 'test',
  num_tokens: 1,
  partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
  endpoint_snitch: 'SimpleSnitch',
  seed_provider: [
    {
      class_name: 'org.apache.cassandra.locator.SimpleSeedProvider',
      parameters: [{ seeds: `${host}:${ports.storage}` }],
    },
  ],
  listen_address: host,
  storage_port: ports.storage,
  rpc_address: host,
  native_transport_port: ports.cql,
  data_file_directories: [join(home, 'data')],
  commitlog_directory: join(home, 'commitlog'),
  saved_caches_directory: join(home, 'saved_caches'),
  hints_directory: join(home, 'hints'),
  cdc_raw_directory: join(home, 'cdc_raw'),
  // With Cassandra's default, periodic, a killed node forgets what it acknowledged since the last sync mark, up to 10 s ago.
  commitlog_sync: 'group',
  commitlog_sync_group_window: '10ms',
  commitlog_segment_size: '8MiB',
  disk_failure_policy: 'stop',
  memtable_heap_space: '32MiB',
  memtable_offheap_space: '32MiB',
  file_cache_size: '16MiB',
  key_cache_size: '1MiB',
  concurrent_compactors: 1,
  auto_snapshot: false,
});

const logbackXml = `<configuration>
<appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{0} %msg%n</pattern></encoder></appender>
<root level="INFO"><appender-ref ref="out"/></root>
</configuration>
`;

const inBase = (packages: readonly string[]): string[] => packages.map((it) => `java.base/${it}`);

const opens = [
  ...inBase(['java.io', 'java.lang.module', 'java.lang.reflect', 'java.math', 'java.net', 'java.nio', 'java.util']),
  ...inBase(['java.util.concurrent', 'java.util.concurrent.atomic', 'jdk.internal.loader', 'jdk.internal.math']),
  ...inBase(['jdk.internal.module', 'jdk.internal.ref', 'jdk.internal.reflect', 'jdk.internal.util.jar', 'sun.nio.ch']),
  'jdk.management/com.sun.management.internal',
];

const exports = [
  ...inBase(['java.lang.ref', 'jdk.internal.misc', 'jdk.internal.ref', 'jdk.internal.util', 'sun.nio.ch']),
  ...['registry', 'server', 'transport.tcp'].map((it) => `java.rmi/sun.rmi.${it}`),
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.sql/java.sql',
  'jdk.attach/sun.tools.attach',
  'jdk.compiler/com.sun.tools.javac.file',
  'jdk.unsupported/sun.misc',
];

const flags = (home: string): string[] => [
  '-Xss512k',
  '-XX:MaxDirectMemorySize=128m',
  '-Dcassandra-foreground=yes',
  `-Dcassandra.config=file:${join(home, 'cassandra.yaml')}`,
  `-Dcassandra.storagedir=${home}`,
  `-Dlogback.configurationFile=${join(home, 'logback.xml')}`,
  '-Dcassandra.ring_delay_ms=0',
  '-Dcassandra.skip_wait_for_gossip_to_settle=0',
  '-Dcassandra.superuser_setup_delay_ms=0',
  '-Dio.netty.tryReflectionSetAccessible=true',
];

const answersCql = async ({ contactPoint, port }: CassandraAddress): Promise<boolean> => {
  const { Client } = await import('cassandra-driver'); // here, as suites that only read an address must not load it
  const client = new Client({
    contactPoints: [`${contactPoint}:${port}`],
    localDataCenter: datacenter,
    socketOptions: { connectTimeout: 5_000, readTimeout: 5_000 },
  });
  try {
    const { rowLength } = await client.execute('SELECT release_version FROM system.local');
    return rowLength === 1;
  } finally {
    await client.shutdown();
  }
};

/** Apache Cassandra, one node without authentication. */
export const cassandra = defineServer({
  name: 'cassandra',
  tools: ['java'],
  ports: ['cql', 'storage'],
  startTimeoutMs: 120_000,
  prepare: () => resolveJars({ name: 'cassandra', artifacts: ['org.apache.cassandra:cassandra-all:5.0.9'] }),
  configure: async (place, jars) => {
    const { home } = place;
    await writeFile(join(home, 'cassandra.yaml'), JSON.stringify(settings(place))); // JSON is YAML
    await writeFile(join(home, 'logback.xml'), logbackXml);
    const mainClass = 'org.apache.cassandra.service.CassandraDaemon';
    return java({ jars, mainClass, heapMb: 256, flags: flags(home), opens, exports, cwd: home });
  },
  address: ({ ports }: Place<Port>): CassandraAddress => ({ contactPoint: host, port: ports.cql, datacenter }),
  isReady: answersCql,
});

/** Starts a node of your own, e.g. to kill it. */
export const startCassandra = (): Promise<RunningServer<CassandraAddress>> => cassandra.start();
