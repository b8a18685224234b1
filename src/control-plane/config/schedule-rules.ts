import { BATCH_TRIGGERERS } from '../../core/batch-triggerers.ts';
import type { CommonConfig, SourceConfig } from '../../core/connector.ts';
import type { BatchSourceType, ConnectorType } from '../../core/connector-type.ts';
import { runtimeOptions } from '../../core/runtime-options.ts';
import { CRON_KEY, checkSchedule, scheduleOf } from '../../core/schedule.ts';
import { triggerOfType } from '../../core/source-runs.ts';
import { refuseConfig } from './refuse.ts';

/** Checks when a connector is to run. Throws `PIO_CONFIG_INVALID` for an expression or zone that cannot be read, and for a schedule that would have no effect. */
export const checkTiming = (type: ConnectorType, config: CommonConfig, nowMs: number): void => {
  const { timeZone, missedTimes } = runtimeOptions(config);
  if (type.kind === 'source' && type.source === 'batch') checkBatch(type, config as SourceConfig);
  const schedule = scheduleOf(config);
  if (!schedule) {
    if (timeZone === undefined && missedTimes === undefined) return;
    refuseConfig('timeZone and missedTimes in customRuntimeOptions need a schedule there');
  } else if (isCalled(type, config)) {
    refuseConfig(`A ${type.name} source that is called by its events has no schedule: leave it out`);
  } else checkSchedule(schedule, nowMs);
};

const isCalled = (type: ConnectorType, { configs }: CommonConfig): boolean =>
  type.kind === 'source' && (type.source === 'event' || triggerOfType(type, configs) !== undefined);

/** Discovery has exactly one cause: Pulsar's cron or immediate triggerer, a schedule of ours, or events. In Pulsar's words where it refuses the same. */
const checkBatch = (type: BatchSourceType, config: SourceConfig): void => {
  const { batchSourceConfig: batch, className } = config;
  const { schedule } = runtimeOptions(config);
  const byEvents = isCalled(type, config);
  if (batch) checkTriggerer(batch);
  else if (!byEvents && schedule === undefined)
    refuseConfig(
      `Source class ${className} implements org.apache.pulsar.io.core.BatchSource but batch source source config is not specified; give batchSourceConfig, a schedule in customRuntimeOptions, or the trigger event`,
    );
  if (batch && (byEvents || schedule !== undefined))
    refuseConfig(
      'A batch source has one of batchSourceConfig, a schedule in customRuntimeOptions, and the trigger event',
    );
};

const checkTriggerer = (batch: NonNullable<SourceConfig['batchSourceConfig']>): void => {
  const { discoveryTriggererClassName: name, discoveryTriggererConfig: config } = batch;
  if (typeof name !== 'string' || name === '')
    refuseConfig('BatchSourceConfig does not specify Discovery Trigger ClassName');
  if (!Object.values<unknown>(BATCH_TRIGGERERS).includes(name))
    refuseConfig(`There is no triggerer ${String(name)}; use ${Object.values(BATCH_TRIGGERERS).join(' or ')}`);
  const cron = (config as Record<string, unknown> | undefined)?.[CRON_KEY];
  if (name === BATCH_TRIGGERERS.cron && (typeof cron !== 'string' || cron === ''))
    refuseConfig(`Cron Trigger is not provided with Cron String: discoveryTriggererConfig needs ${CRON_KEY}`);
};
