import { defineLogSource } from '../../core/connector-type.ts';
import { GUARANTEES } from '../../core/guarantee.ts';
import { checkDebeziumPostgres, debeziumPostgresConfig } from './config.ts';
import { lsnPosition } from './position.ts';

/**
 * Publishes what the tables of a PostgreSQL database hold, and then each change of a row, in the order of the commits, as Debezium's connector does; names and keys are
 * Debezium's, as Pulsar's connector takes them. The database's log is read through a replication slot, which keeps what no checkpoint covers.
 */
export const debeziumPostgresSource = defineLogSource<typeof debeziumPostgresConfig>({
  name: 'debezium-postgres',
  summary: 'Debezium Postgres Source',
  className: 'org.apache.pulsar.io.debezium.postgres.DebeziumPostgresSource',
  guarantees: GUARANTEES,
  config: debeziumPostgresConfig,
  position: lsnPosition,
  check: checkDebeziumPostgres,
  destinationNamespace: (config) => config['topic.namespace'],
  pollIntervalMs: (config) => (config['snapshot.mode'] === 'initial_only' ? undefined : config['poll.interval.ms']),
  open: async (config, { signal }) => (await import('./slot-log.ts')).SlotLog.open(config, signal),
});
