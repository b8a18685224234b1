import type { Place } from '../kit/server.ts';

/** Names of the ports of one standalone. */
export type PulsarPort = 'broker' | 'web' | 'bookie';

/** The host in every address: advertised and dialled alike, else a client opens a second connection. */
export const host = '127.0.0.1';

const small = {
  numHttpServerThreads: 8,
  managedLedgerCacheSizeMB: 32,
  dbStorage_writeCacheMaxSizeMb: 32,
  dbStorage_readAheadCacheMaxSizeMb: 16,
  dbStorage_rocksDB_blockCacheSize: 16_777_216,
  journalPreAllocSizeMB: 4,
  journalMaxSizeMB: 256,
  entryLogFilePreallocationEnabled: false,
};

const oneNode = {
  clusterName: 'standalone',
  metadataStoreUrl: '',
  configurationMetadataStoreUrl: '',
  loadBalancerEnabled: false,
  loadManagerClassName: 'org.apache.pulsar.broker.loadbalance.NoopLoadManager',
  managedLedgerDefaultEnsembleSize: 1,
  managedLedgerDefaultWriteQuorum: 1,
  managedLedgerDefaultAckQuorum: 1,
  allowLoopback: true,
  allowEphemeralPorts: true, // without it standalone ignores --bookkeeper-port and picks one itself
  listeningInterface: 'lo',
  diskUsageThreshold: 0.99,
  diskUsageWarnThreshold: 0.99,
  journalSyncData: false,
  nettyMaxFrameSizeBytes: 5_253_120, // by default a bookie refuses an entry of the broker's 5 MiB, and chunks of the C++ client are as large
  ledgerStorageClass: 'org.apache.bookkeeper.bookie.storage.ldb.DbLedgerStorage',
};

const behaviour = {
  brokerDeduplicationEnabled: false,
  systemTopicEnabled: true,
  topicLevelPoliciesEnabled: true,
  transactionCoordinatorEnabled: true,
  acknowledgmentAtBatchIndexLevelEnabled: true,
  forceDeleteNamespaceAllowed: true,
  forceDeleteTenantAllowed: true,
};

/** `standalone.conf` of an instance; `extra` wins over what is here. */
export const standaloneConf = (
  { home, ports }: Place<PulsarPort>,
  extra: Readonly<Record<string, string | number | boolean>>,
): string => {
  const where = {
    brokerServicePort: ports.broker,
    webServicePort: ports.web,
    bindAddress: host,
    advertisedAddress: host,
    narExtractionDirectory: home,
  };
  const all = { ...where, ...oneNode, ...small, ...behaviour, ...extra };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
};

/** `functions_worker.yml` of the worker inside the broker: functions and connectors run as threads of the server. */
export const functionsWorkerConf = ({ home, ports }: Place<PulsarPort>): string =>
  JSON.stringify({
    workerId: 'standalone',
    workerHostname: host,
    workerPort: ports.web,
    pulsarServiceUrl: `pulsar://${host}:${ports.broker}`,
    pulsarWebServiceUrl: `http://${host}:${ports.web}`,
    pulsarFunctionsNamespace: 'public/functions',
    pulsarFunctionsCluster: 'standalone',
    schedulerClassName: 'org.apache.pulsar.functions.worker.scheduler.RoundRobinScheduler',
    functionAssignmentTopicName: 'assignments',
    functionMetadataTopicName: 'metadata',
    clusterCoordinationTopicName: 'coordinate',
    failureCheckFreqMs: 30_000,
    rescheduleTimeoutMs: 60_000,
    initialBrokerReconnectMaxRetries: 60,
    assignmentWriteMaxRetries: 60,
    instanceLivenessCheckFreqMs: 30_000,
    topicCompactionFrequencySec: 1_800,
    numFunctionPackageReplicas: 1,
    downloadDirectory: `${home}/functions`,
    connectorsDirectory: `${home}/connectors`,
    narExtractionDirectory: home,
    functionRuntimeFactoryClassName: 'org.apache.pulsar.functions.runtime.thread.ThreadRuntimeFactory',
    functionRuntimeFactoryConfigs: { threadGroupName: 'functions' },
    functionsWorkerServiceNarPackage: '',
  });

/** Everything from level info to standard output. */
export const log4j2Xml = `<Configuration status="warn">
<Appenders><Console name="out"><PatternLayout pattern="%d{HH:mm:ss.SSS} %-5p %c{1} %m%n%throwable"/></Console></Appenders>
<Loggers>
<Logger name="org.apache.bookkeeper" level="warn"/>
<Logger name="org.apache.bookkeeper.proto.ReadEntryProcessor" level="error"/>
<Root level="info"><AppenderRef ref="out"/></Root>
</Loggers></Configuration>
`;
