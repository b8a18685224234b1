import type { CommonConfig } from '../../core/connector.ts';
import type { ConnectorType } from '../../core/connector-type.ts';
import { runtimeOptions } from '../../core/runtime-options.ts';
import { checkSchedule, scheduleOf } from '../../core/schedule.ts';
import { triggerOfType } from '../../core/source-runs.ts';
import { refuseConfig } from './refuse.ts';

/** Checks when a connector is to run. Throws `PIO_CONFIG_INVALID` for an expression or zone that cannot be read, and for a schedule that would have no effect. */
export const checkTiming = (type: ConnectorType, config: CommonConfig, nowMs: number): void => {
  const { timeZone, missedTimes } = runtimeOptions(config);
  const schedule = scheduleOf(config);
  if (!schedule) {
    if (timeZone === undefined && missedTimes === undefined) return;
    refuseConfig('timeZone and missedTimes in customRuntimeOptions need a schedule there');
  } else if (isCalled(type, config)) {
    refuseConfig(
      `A ${type.name} source that is called by its events has no schedule: leave it out of customRuntimeOptions`,
    );
  } else checkSchedule(schedule, nowMs);
};

const isCalled = (type: ConnectorType, { configs }: CommonConfig): boolean =>
  type.kind === 'source' && (type.source === 'event' || triggerOfType(type, configs) !== undefined);
