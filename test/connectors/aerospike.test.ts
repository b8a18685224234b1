import { describe, expect, test } from '@jest/globals';
import { seedsOf } from '../../src/connectors/aerospike/config.ts';
import { type Driver, loadDriver } from '../../src/connectors/aerospike/driver.ts';
import { aerospikeError } from '../../src/connectors/aerospike/errors.ts';
import { aerospikeSink } from '../../src/connectors/aerospike/sink.ts';
import { Slots } from '../../src/connectors/aerospike/slots.ts';
import { code } from '../kit/failures.ts';
import { configOf, problemsOf } from './open.ts';

describe('the config of the aerospike sink', () => {
  const pulsars = {
    ...{ seedHosts: 'localhost:3000,other:3001', keyspace: 'test', columnName: 'value' },
    ...{ userName: 'u', password: 'p', keySet: 's' },
    ...{ maxConcurrentRequests: '100', timeoutMs: '100', retries: '1' },
  };
  const of = (more: Record<string, unknown>) => problemsOf(aerospikeSink, { ...pulsars, ...more });

  test("takes Pulsar's config, and has its defaults", () => {
    expect(problemsOf(aerospikeSink, pulsars)).toEqual([]);
    const declared = Object.entries(aerospikeSink.config.properties).filter(([, it]) => it.pulsar !== undefined);
    expect(declared.map(([key]) => key)).toEqual(Object.keys(pulsars));
    const { seedHosts, keyspace, columnName } = pulsars;
    expect(configOf(aerospikeSink, { seedHosts, keyspace, columnName })).toMatchObject({
      ...{ maxConcurrentRequests: 100, timeoutMs: 100, retries: 1 },
      ...{ columnType: 'string', mapFields: false, versionBin: 'pulsar_version' },
    });
  });

  test('takes what is there but empty, as Pulsar does', () => {
    expect(of({ userName: '', password: '', keySet: '' })).toEqual([]);
  });

  test('refuses what cannot work, and says where', () => {
    expect(problemsOf(aerospikeSink, {})).toEqual(['/configs/seedHosts', '/configs/keyspace', '/configs/columnName']);
    expect(of({ seedHosts: 'h:port' })).toEqual(['/configs/seedHosts']);
    expect(of({ keyspace: 'n'.repeat(32) })).toEqual(['/configs/keyspace']);
    expect(of({ columnName: 'ä'.repeat(8) })).toEqual(['/configs/columnName']);
    expect(of({ keySet: 's'.repeat(64) })).toEqual(['/configs/keySet']);
    expect(of({ versionBin: 'v'.repeat(16) })).toEqual(['/configs/versionBin']);
    expect(of({ versionBin: 'value' })).toEqual(['/configs/versionBin']);
    expect(of({ timeoutMs: 0 })).toEqual(['/configs/timeoutMs']);
    expect(of({ tombstoneTtlMs: 1_000 })).toEqual(['/configs/tombstoneTtlMs']);
  });

  test('reads nodes', () => {
    expect(seedsOf('a, [::1]:7')).toEqual([
      { addr: 'a', port: 3000 },
      { addr: '::1', port: 7 },
    ]);
  });

  test('asks for values in the form that it writes', () => {
    const formOf = (more: Record<string, unknown>) =>
      aerospikeSink.acceptsFor?.(configOf(aerospikeSink, { ...pulsars, ...more }));
    expect([formOf({}), formOf({ columnType: 'bytes' }), formOf({ mapFields: true })]).toEqual([
      'text',
      'bytes',
      'fields',
    ]);
  });
});

test('says how to install the package where it cannot be loaded', () => {
  const missing = (): never => {
    throw new Error("Cannot find module 'aerospike'");
  };
  expect(() => loadDriver(missing)).toThrow(code('PIO_DRIVER_MISSING', 'npm install aerospike@6.7.1'));
  expect(() => loadDriver(missing)).toThrow(code('PIO_DRIVER_MISSING', 'libyaml'));
});

test('keeps the package from writing to the process’s output', () => {
  const levels: number[] = [];
  const driver = { log: { OFF: -1 }, setDefaultLogging: ({ level }: { level: number }) => levels.push(level) };
  loadDriver(() => driver as unknown as Driver);
  expect(levels).toEqual([-1]);
});

test('errors of Aerospike have the code that theirs means', () => {
  const codeOf = (result: number) => aerospikeError(Object.assign(new Error('text'), { code: result }), 'doing').code;
  for (const it of [20, 22, 25, 60, 65, 80, 81]) expect(codeOf(it)).toBe('PIO_SINK_MISCONFIGURED');
  for (const it of [-10, -8, -7, -1, 8, 9, 11, 14, 18, 83]) expect(codeOf(it)).toBe('PIO_SINK_UNAVAILABLE');
  for (const it of [-2, 12, 21]) expect(codeOf(it)).toBe('PIO_SINK_REJECTED');
  expect(codeOf(13)).toBe('PIO_RECORD_TOO_LARGE');
});

test('so many slots are used at once, in the order of the asking, and idle tells when none is', async () => {
  const slots = new Slots(2);
  const log: string[] = [];
  const works = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const all = works.map(({ promise }, nth) =>
    slots.use(async () => {
      log.push(`begin ${nth}`);
      await promise;
      log.push(`end ${nth}`);
    }),
  );
  const idle = slots.idle().then(() => log.push('idle'));
  await Promise.resolve();
  expect(log).toEqual(['begin 0', 'begin 1']);
  for (const work of works) work.resolve();
  await Promise.all([...all, idle]);
  expect(log.filter((it) => it.startsWith('begin'))).toEqual(['begin 0', 'begin 1', 'begin 2', 'begin 3']);
  expect(log.at(-1)).toBe('idle');
  await expect(slots.use(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await slots.idle();
});
