import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { java } from './kit/java.ts';
import { resolveJars } from './kit/maven.ts';
import { run } from './kit/run.ts';
import { defineServer, type Place, type RunningServer } from './kit/server.ts';

/** Where a broker is. Its topics are made by whoever needs them, not by being named. */
export interface KafkaAddress {
  /** `host:port` without encryption or credentials. */
  readonly bootstrapServers: string;
  /** The same with TLS; the certificate names localhost and signs itself. */
  readonly tlsServers: string;
  /** PEM file. */
  readonly certificatePath: string;
  /** The same with SASL PLAIN, for `admin`, who may do everything, and `guest`, who may do nothing. */
  readonly saslServers: string;
  /** Password of both. */
  readonly password: string;
  /** A port that the broker names as its own on the listener at `behind`, and where nobody listens: for a proxy of one suite's own. */
  readonly awayPort: number;
  readonly behind: number;
}

type Port = 'plain' | 'tls' | 'sasl' | 'controller' | 'away' | 'behind';

const host = '127.0.0.1';
const password = 'kafka-pass';
const fixture = (name: string): string => fileURLToPath(new URL(`../pulsar/fixtures/${name}`, import.meta.url));
const certificatePath = fixture('localhost.cert.pem');

const settings = ({ home, ports }: Place<Port>): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${ports.controller}`,
    listeners: `PLAIN://${host}:${ports.plain},TLS://${host}:${ports.tls},SASL://${host}:${ports.sasl},CONTROLLER://${host}:${ports.controller},AWAY://${host}:${ports.behind}`,
    'advertised.listeners': `PLAIN://${host}:${ports.plain},TLS://localhost:${ports.tls},SASL://${host}:${ports.sasl},AWAY://${host}:${ports.away}`,
    'listener.security.protocol.map': 'PLAIN:PLAINTEXT,TLS:SSL,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,AWAY:PLAINTEXT',
    'inter.broker.listener.name': 'PLAIN',
    'controller.listener.names': 'CONTROLLER',
    'listener.name.tls.ssl.keystore.type': 'PEM',
    'listener.name.tls.ssl.keystore.location': join(home, 'keystore.pem'),
    'listener.name.sasl.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.sasl.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_admin="${password}" user_guest="${password}";`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS;User:admin',
    'log.dirs': join(home, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 2,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    'num.network.threads': 2,
    'num.io.threads': 4,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

/** Apache Kafka: one broker that is its own controller (KRaft). */
export const kafka = defineServer({
  name: 'kafka',
  tools: ['java'],
  ports: ['plain', 'tls', 'sasl', 'controller', 'away', 'behind'],
  startTimeoutMs: 60_000,
  prepare: () => resolveJars({ name: 'kafka', artifacts: ['org.apache.kafka:kafka_2.13:4.3.1'] }),
  configure: async (place: Place<Port>, jars) => {
    const { home } = place;
    const file = join(home, 'server.properties');
    await writeFile(file, settings(place));
    const [key, certificate] = [fixture('localhost.key.pem'), certificatePath];
    await writeFile(join(home, 'keystore.pem'), `${await readFile(key, 'utf8')}${await readFile(certificate, 'utf8')}`);
    const common = { jars, heapMb: 320, cwd: home };
    const id = randomBytes(16).toString('base64url');
    const format = java({
      ...common,
      mainClass: 'kafka.tools.StorageTool',
      args: ['format', `--cluster-id=${id}`, '-c', file],
    });
    const { code, stdout, stderr } = await run(format.file, [...format.args], { timeoutMs: 60_000, cwd: home });
    if (code !== 0) throw new Error(`Kafka could not format its storage: ${stdout}${stderr}`);
    return java({ ...common, mainClass: 'kafka.Kafka', args: [file] });
  },
  address: ({ ports }: Place<Port>): KafkaAddress => ({
    bootstrapServers: `${host}:${ports.plain}`,
    tlsServers: `localhost:${ports.tls}`,
    certificatePath,
    saslServers: `${host}:${ports.sasl}`,
    password,
    awayPort: ports.away,
    behind: ports.behind,
  }),
  isReady: async ({ bootstrapServers }) => {
    // Here, as suites that only read an address must not load it.
    const { Admin } = await import('@platformatic/kafka');
    const admin = new Admin({ clientId: 'ready', bootstrapBrokers: [bootstrapServers], retries: 0, timeout: 5_000 });
    try {
      await admin.metadata({ topics: [] });
      return true;
    } finally {
      await admin.close();
    }
  },
});

/** Starts a broker of your own, e.g. to kill it. */
export const startKafka = (): Promise<RunningServer<KafkaAddress>> => kafka.start();
