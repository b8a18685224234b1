/** Classes of Pulsar's `batchSourceConfig.discoveryTriggererClassName` whose triggers exist here, too. */
export const BATCH_TRIGGERERS = {
  cron: 'org.apache.pulsar.io.batchdiscovery.CronTriggerer',
  immediate: 'org.apache.pulsar.io.batchdiscovery.ImmediateTriggerer',
} as const;
