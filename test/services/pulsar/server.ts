import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { java } from '../kit/java.ts';
import { defineServer, type RunningServer } from '../kit/server.ts';
import { functionsWorkerConf, host, log4j2Xml, type PulsarPort, standaloneConf } from './config.ts';
import { connectorJars, installConnectors, serverJars } from './jars.ts';
import { HTPASSWD, secureAddress, securityConf, signToken } from './security.ts';

/** Where a broker is. */
export interface PulsarAddress {
  /** `pulsar://127.0.0.1:N` */
  readonly serviceUrl: string;
  /** `http://127.0.0.1:N`, without a slash at the end. */
  readonly adminUrl: string;
}

/** Entries of `broker.conf`. */
type BrokerConfig = Readonly<Record<string, string | number | boolean>>;

/** What to start; nothing given: a plain broker. */
export interface PulsarOptions {
  /** Entries of `broker.conf`, over our own. */
  readonly config?: BrokerConfig;
  /** `host:port` that lookups name instead of the broker's own, e.g. a proxy's: told the broker's own, before it starts. */
  readonly advertise?: (own: string) => Promise<string>;
  /** Starts Pulsar's own functions worker with these connectors, e.g. `data-generator`: for comparisons only. */
  readonly connectors?: readonly string[];
}

interface Jars {
  readonly server: string;
  readonly connectors: string | undefined;
}

const opens = [
  'sun.net',
  'java.lang',
  'java.io',
  'java.util.zip',
  'java.nio',
  'jdk.internal.misc',
  'jdk.internal.platform',
].map((it) => `java.base/${it}`);
const managementOpens = ['java.management/sun.management', 'jdk.management/com.sun.management.internal'];
const driver = 'org.apache.pulsar.metadata.bookkeeper.PulsarMetadata';

const flags = (home: string): string[] => [
  '-XX:MaxDirectMemorySize=384m',
  '-Dio.netty.tryReflectionSetAccessible=true',
  '-Dio.netty.leakDetectionLevel=disabled',
  `-Dbookkeeper.metadata.bookie.drivers=${driver}BookieDriver`,
  `-Dbookkeeper.metadata.client.drivers=${driver}ClientDriver`,
  `-Dlog4j2.configurationFile=${join(home, 'log4j2.xml')}`,
];

const get = async (url: string): Promise<Response> => fetch(url, { signal: AbortSignal.timeout(5_000) });

const isReady = async ({ adminUrl }: PulsarAddress, { connectors }: PulsarOptions): Promise<boolean> => {
  if (!(await get(`${adminUrl}/admin/v2/brokers/ready`)).ok) return false;
  const namespaces = await get(`${adminUrl}/admin/v2/namespaces/public`);
  if (!namespaces.ok || !((await namespaces.json()) as string[]).includes('public/default')) return false;
  if (!(await get(`${adminUrl}/admin/v3/transactions/coordinators`)).ok) return false;
  return !connectors || (await get(`${adminUrl}/admin/v2/worker/cluster/leader`)).ok;
};

// After a kill, the bookie's registration of the former life may vanish just after the new one: the new lock is then deleted
// and taken again, thousands of times a second and for ever (apache/pulsar#17759 tells of the same loop), and topics hang.
const registrationLoop = /Successfully re-acquired lock at \/ledgers\/available/;

/** The one listener that everybody is told of: the broker's own clients, too. */
const listener = (advertised: string | undefined): BrokerConfig =>
  advertised
    ? { advertisedAddress: '', advertisedListeners: `all:pulsar://${advertised}`, internalListenerName: 'all' }
    : {};

/** The command line of a standalone whose configuration has been written into `home`. */
const standalone = (jars: string, home: string, bookiePort: number, args: readonly string[]) =>
  java({
    jars,
    mainClass: 'org.apache.pulsar.PulsarStandaloneStarter',
    args: [
      ...['--config', join(home, 'standalone.conf'), ...args],
      ...['--bookkeeper-port', String(bookiePort), '-nss'],
    ],
    heapMb: 512,
    flags: flags(home),
    opens: [...opens, ...managementOpens],
    cwd: home,
  });

/** Apache Pulsar standalone: broker and bookie in one process, transactions on, deduplication off. */
export const pulsar = defineServer({
  name: 'pulsar',
  tools: ['java'],
  ports: ['broker', 'web', 'bookie'],
  startTimeoutMs: 90_000,
  spoiltStart: registrationLoop,
  prepare: async ({ connectors }: PulsarOptions): Promise<Jars> => ({
    server: await serverJars(),
    connectors: connectors?.length ? await connectorJars(connectors) : undefined,
  }),
  configure: async (place, jars, { config = {}, connectors, advertise }) => {
    const { home, ports } = place;
    const advertised = await advertise?.(`${host}:${ports.broker}`);
    await writeFile(join(home, 'log4j2.xml'), log4j2Xml);
    await writeFile(join(home, 'standalone.conf'), standaloneConf(place, { ...listener(advertised), ...config }));
    await writeFile(join(home, 'functions_worker.yml'), functionsWorkerConf(place));
    if (jars.connectors) await installConnectors(jars.connectors, join(home, 'connectors'));
    const worker = connectors ? ['-fwc', join(home, 'functions_worker.yml')] : ['-nfw'];
    return standalone(jars.server, home, ports.bookie, [...worker, ...(advertised ? [] : ['-a', host])]);
  },
  address: ({ ports }: { ports: Readonly<Record<PulsarPort, number>> }): PulsarAddress => ({
    serviceUrl: `pulsar://${host}:${ports.broker}`,
    adminUrl: `http://${host}:${ports.web}`,
  }),
  isReady,
});

/** Pulsar with TLS beside plain TCP, three ways to authenticate, and authorization. */
export const pulsarSecure = defineServer({
  name: 'pulsarSecure',
  tools: ['java'],
  ports: ['broker', 'web', 'bookie', 'brokerTls', 'webTls'],
  startTimeoutMs: 90_000,
  spoiltStart: registrationLoop,
  prepare: (): Promise<string> => serverJars(),
  configure: async (place, jars) => {
    const { home, ports } = place;
    await writeFile(join(home, 'log4j2.xml'), log4j2Xml);
    await writeFile(join(home, 'htpasswd'), HTPASSWD);
    await writeFile(join(home, 'standalone.conf'), standaloneConf(place, securityConf(place)));
    return standalone(jars, home, ports.bookie, ['-nfw', '-a', 'localhost']);
  },
  address: secureAddress,
  isReady: async ({ adminUrl }) => {
    const options = { headers: { authorization: `Bearer ${signToken('admin')}` }, signal: AbortSignal.timeout(5_000) };
    const namespaces = await fetch(`${adminUrl}/admin/v2/namespaces/public`, options);
    return namespaces.ok && ((await namespaces.json()) as string[]).includes('public/default');
  },
});

/** Starts a broker of your own, e.g. to kill it. */
export const startPulsar = (options?: PulsarOptions): Promise<RunningServer<PulsarAddress>> => pulsar.start(options);
