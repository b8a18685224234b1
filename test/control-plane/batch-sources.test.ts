import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { catalogue } from '../../src/connectors/catalogue.ts';
import { startControlPlane, type TestControlPlane } from './harness.ts';

const S3 = {
  archive: 'builtin://s3',
  topicName: 'out',
  configs: { awsRegion: 'us-east-1', bucket: 'pulsar-io-orders' },
};
const EVENT = { configs: { ...S3.configs, trigger: 'event' } };
const triggerer = (name: string, discoveryTriggererConfig?: object) => ({
  batchSourceConfig: {
    discoveryTriggererClassName: `org.apache.pulsar.io.batchdiscovery.${name}`,
    ...(discoveryTriggererConfig && { discoveryTriggererConfig }),
  },
});
const CRON = triggerer('CronTriggerer', { __CRON__: '0 0/5 * * * ?' });
const scheduled = (options: object) => ({ customRuntimeOptions: JSON.stringify(options) });

describe('the admin API takes a batch source', () => {
  let api: TestControlPlane;
  beforeEach(async () => {
    api = await startControlPlane({ catalogue });
  });
  afterEach(async () => {
    await api.close();
  });

  test.each<[string, object]>([
    ['with Pulsar’s cron triggerer', CRON],
    ['with a time zone for it', { ...CRON, ...scheduled({ timeZone: 'Europe/Berlin', missedTimes: 'all' }) }],
    ['with Pulsar’s immediate triggerer', triggerer('ImmediateTriggerer')],
    ['with a schedule of ours', scheduled({ schedule: '@hourly' })],
    ['that events call', EVENT],
  ])('%s', async (_, more) => {
    expect(await api.createSource('in', { ...S3, ...more })).toMatchObject({ status: 204 });
  });

  test.each<[string, object, RegExp]>([
    ['without a cause', {}, /implements org.apache.pulsar.io.core.BatchSource but batch source source config is not/],
    ['without a class', { batchSourceConfig: {} }, /BatchSourceConfig does not specify Discovery Trigger ClassName/],
    ['with a class that is not there', triggerer('OtherTriggerer'), /There is no triggerer .*use .*CronTriggerer or/],
    ['without an expression', triggerer('CronTriggerer'), /Cron Trigger is not provided with Cron String/],
    ['with a bad expression', triggerer('CronTriggerer', { __CRON__: 'now' }), /schedule "now" \(UTC\) cannot be read/],
    ['with two causes', { ...CRON, ...EVENT }, /has one of batchSourceConfig/],
    ['with two schedules', { ...CRON, ...scheduled({ schedule: '@hourly' }) }, /has one of batchSourceConfig/],
    ['that events call, with a schedule', { ...EVENT, ...scheduled({ schedule: '@hourly' }) }, /has no schedule/],
  ])('but not %s', async (_, more, reason) => {
    const answer = await api.createSource('in', { ...S3, ...more });
    expect(answer).toMatchObject({ status: 400, json: { reason: expect.stringMatching(reason) } });
  });
});
