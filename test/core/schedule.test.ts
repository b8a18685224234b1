import { describe, expect, test } from '@jest/globals';
import { dueTime, type MissedTimes, nextTime, type Schedule, scheduleOf } from '../../src/core/schedule.ts';
import { listSource } from '../runtime/kit/world.ts';

const at = (text: string): number => Date.parse(text);
const schedule = (cron: string, timeZone = 'UTC', missedTimes: MissedTimes = 'once'): Schedule => ({
  cron,
  timeZone,
  missedTimes,
});

describe('the next time of a schedule', () => {
  test.each([
    ['30 2 * * *', 'Europe/Berlin', '2026-07-01T00:00:00Z', '2026-07-01T00:30:00Z'],
    ['30 2 * * *', 'Europe/Berlin', '2026-12-01T00:00:00Z', '2026-12-01T01:30:00Z'],
    // The night without 2:30, and the night with two of them.
    ['30 2 * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z', '2026-03-29T01:00:00Z'],
    ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
    // As Pulsar's cron triggerer reads it: second first, steps from a number, `?` for any, day and weekday both.
    ['0 0/5 * * * ?', 'UTC', '2026-01-01T00:01:00Z', '2026-01-01T00:05:00Z'],
    ['0 0 12 13 * FRI', 'UTC', '2026-01-01T00:00:00Z', '2026-02-13T12:00:00Z'],
    // As crontab reads five fields: day or weekday.
    ['0 12 13 * FRI', 'UTC', '2026-01-01T00:00:00Z', '2026-01-02T12:00:00Z'],
    ['@monthly', 'UTC', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'],
  ])('%s in %s after %s is %s', (cron, timeZone, after, expected) => {
    expect(nextTime(schedule(cron, timeZone), at(after))).toBe(at(expected));
  });
});

describe('the time that is due', () => {
  const hour = (hours: number, minutes = 0) => at('2026-01-01T00:00:00Z') + (hours * 60 + minutes) * 60_000;
  test.each<[MissedTimes, number, number, number | undefined]>([
    ['once', hour(0), hour(0, 59), undefined],
    ['once', hour(0), hour(1), hour(1)],
    ['once', hour(0), hour(5, 30), hour(5)],
    ['once', hour(5), hour(5, 30), undefined],
    ['all', hour(0), hour(5, 30), hour(1)],
    ['all', hour(4), hour(5, 30), hour(5)],
    ['all', hour(5), hour(5, 30), undefined],
    ['skip', hour(0), hour(5, 5), hour(5)],
    ['skip', hour(0), hour(5, 5) + 1, undefined],
    ['skip', hour(5), hour(5, 1), undefined],
  ])('with %s, served until %d and now %d, is %d', (missedTimes, servedMs, nowMs, expected) => {
    expect(dueTime(schedule('0 * * * *', 'UTC', missedTimes), servedMs, nowMs)).toBe(expected);
  });
});

test('is read from the options, or from Pulsar’s cron triggerer', () => {
  const of = (more: object) => scheduleOf({ ...listSource('t').config, ...more });
  expect(of({})).toBeUndefined();
  const triggerer = {
    discoveryTriggererClassName: 'org.apache.pulsar.io.batchdiscovery.CronTriggerer',
    discoveryTriggererConfig: { __CRON__: '0 0 1 * * ?' },
  };
  expect(of({ batchSourceConfig: triggerer })).toEqual(schedule('0 0 1 * * ?'));
  const customRuntimeOptions = '{"timeZone":"Europe/Berlin","missedTimes":"all"}';
  expect(of({ batchSourceConfig: triggerer, customRuntimeOptions })).toEqual(
    schedule('0 0 1 * * ?', 'Europe/Berlin', 'all'),
  );
  expect(of({ batchSourceConfig: { discoveryTriggererClassName: 'x.Y' } })).toBeUndefined();
});
