import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { aerospikeHarness, aerospikeOutageHarness, aerospikeTarget } from '../connectors/aerospike-target.ts';
import { deliveryContract } from '../contracts/delivery.ts';
import { sinkContract, sinkRecord, versionedSinkContract } from '../contracts/sink.ts';
import { sinkOutageContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { aerospikeTarget as deliveryTarget } from '../e2e/aerospike-target.ts';
import { startCloud } from '../e2e/cloud/index.ts';
import { code, codes } from '../kit/failures.ts';
import { planted } from '../kit/planted.ts';
import { PASSWORD } from '../services/aerospike/logins.ts';
import { type AerospikeAddress, describeReal, useAerospike, usePulsar, useToxiproxy } from '../services/index.ts';
import { prepareNamespace } from './deduplicated-namespace.ts';

// All suites of Aerospike are in this file: its package can be loaded once per process, and each file loads it anew.

const running = () => new AbortController().signal;
const EFFECTIVELY = { guarantee: 'EFFECTIVELY_ONCE' } as const;
const NAMESPACE = 'public/delivery-aerospike';
/** Runs find the package as they do in a layer of Lambda's: by `NODE_PATH`. */
const MODULES = join(import.meta.dirname, '../../node_modules');
const isStandIn = !process.env.AEROSPIKE_HOSTS;
const testOfStandIn = isStandIn ? test : test.skip;
/** A real server where one is given, else the stand-in. */
const address = (): AerospikeAddress => {
  const { AEROSPIKE_HOSTS: hosts, AEROSPIKE_NAMESPACE: namespace = 'test' } = process.env;
  return hosts ? { hosts, namespace } : useAerospike();
};

describeReal('the aerospike sink', ['aerospike', 'toxiproxy'], () => {
  sinkContract('aerospike', () => aerospikeHarness(address()));
  sinkContract('aerospike under ATLEAST_ONCE', () => aerospikeHarness(address(), {}, { maxConcurrentRequests: 7 }));
  sinkContract('aerospike with fields as bins', () => aerospikeHarness(address(), undefined, { mapFields: true }));
  versionedSinkContract('aerospike', () => aerospikeHarness(address()));
  versionedSinkContract('aerospike with fields', () => aerospikeHarness(address(), undefined, { mapFields: true }));
  sinkOutageContract('aerospike', () => aerospikeOutageHarness(address(), useToxiproxy()));
  sinkValuesContract(
    'aerospike',
    async () => {
      const target = await aerospikeTarget(address());
      return {
        open: () => target.open({ mapFields: true }),
        record: (n, kind, v) => sinkRecord(n, { key: target.use(kind), value: { v, other: 1 } }),
        read: async (kind) => (await target.read(kind))?.bins.v,
        dispose: target.dispose,
      };
    },
    {
      binary: { given: Buffer.from([0, 255, 10]), expected: Buffer.from([0, 255, 10]) },
      boolean: { given: true, expected: true },
      'integer beyond 2^53': { given: 9_007_199_254_740_993n, expected: 9_007_199_254_740_993n },
      decimal: { given: 0.1, expected: 0.1 },
      date: { given: '2024-02-29', expected: '2024-02-29' },
      timestamp: { given: new Date('2024-02-29T23:59:59.123Z'), expected: '2024-02-29T23:59:59.123Z' },
      'null field': { given: null, expected: undefined },
      nested: {
        given: { a: [1, { b: 1.5, c: 9_007_199_254_740_993n }], d: null },
        expected: { a: [1, { b: 1.5, c: 9_007_199_254_740_993n }], d: null },
      },
    },
  );

  let target: Awaited<ReturnType<typeof aerospikeTarget>> | undefined;
  const fresh = async () => {
    target = await aerospikeTarget(address());
    return target;
  };
  afterEach(async () => {
    await target?.dispose();
    target = undefined;
  });
  const put = (n: number, key: string, v: string) =>
    sinkRecord(n, { key: target?.use(key) ?? key, value: v, bytes: Buffer.from(v) });

  test('writes what Pulsar writes: the payload in one bin, beside others, under the key or without one under the payload', async () => {
    const { open, reader, keyOf, read, use } = await fresh();
    await reader.put(keyOf(use('a')), { other: 7, v: 'before' });
    const sink = await open({ userName: '', password: '' });
    const { key: _, ...keyless } = put(2, 'itself', 'itself');
    expect(codes(await sink.write([put(1, 'a', 'text'), keyless], running()))).toEqual(['ok', 'ok']);
    expect((await read('a'))?.bins).toEqual({ other: 7, v: 'text' });
    expect((await read('itself'))?.bins).toEqual({ v: 'itself' });
    await sink.close();
  });

  test('writes bytes as they are, and records without a set', async () => {
    const { open } = await fresh();
    const sink = await open({ columnType: 'bytes', keySet: '' });
    const written = await sink.write([sinkRecord(1, { key: 'a', value: Buffer.from([0, 255]) })], running());
    expect(codes(written)).toEqual(['ok']);
    await sink.write([sinkRecord(2, { key: 'a' })], running());
    await sink.close();
  });

  test('writes versions under EFFECTIVELY_ONCE, leaves those of deleted records, and takes records that have none', async () => {
    const { open, reader, keyOf, read, use } = await fresh();
    await reader.put(keyOf(use('a')), { v: 'before' });
    await reader.put(keyOf(use('foreign')), { pulsar_version: 'a text' });
    const sink = await open({}, EFFECTIVELY);
    const records = [put(1, 'a', '1'), put(2, 'foreign', '2'), put(3, 'b', '3'), sinkRecord(4, { key: 'b' })];
    for (let repeat = 0; repeat < 2; repeat++)
      expect(codes(await sink.write(records, running()))).toEqual(Array(4).fill('ok'));
    expect((await read('a'))?.bins).toEqual({ v: '1', pulsar_version: 1_700_000_000_000_001 });
    expect((await read('foreign'))?.bins).toEqual({ v: '2', pulsar_version: 1_700_000_000_000_002 });
    expect((await read('b'))?.bins).toEqual({ pulsar_version: 1_700_000_000_000_004 });
    // The second time, nothing was written.
    expect((await read('a'))?.gen).toBe(2);
    await sink.close();
  });

  testOfStandIn('keeps the version of a deleted record as long as it is told', async () => {
    const { open, read, use } = await fresh();
    for (const [more, ttl] of [[{}, -1] as const, [{ tombstoneTtlMs: 3_600_000 }, 3_600] as const]) {
      const sink = await open(more, EFFECTIVELY);
      await sink.write([sinkRecord(1, { key: use(`ttl ${ttl}`) })], running());
      expect(Math.abs(((await read(`ttl ${ttl}`))?.ttl ?? 0) - ttl)).toBeLessThan(60);
      await sink.close();
    }
  });

  test('rejects what no record can be, and writes the others', async () => {
    const { open } = await fresh();
    const fields = (n: number, key: string, value: object) => sinkRecord(n, { key, value });
    const mapped = [
      fields(1, 'a', { 'sekrit but long': 1 }),
      fields(2, 'b', { 'sekrit, too long': 1 }),
      fields(3, 'c', {}),
      fields(4, 'd', { only: null }),
      fields(5, 'e', { v: 2n ** 63n }),
      fields(6, 'f', { v: [{ w: 'sekrit\0' }] }),
      fields(7, 'g', { pulsar_version: 1 }),
    ];
    const plain = [
      put(1, 'a', 'a\0sekrit'),
      put(2, 'a\0b', 'sekrit'),
      sinkRecord(3, {}),
      put(4, 'big', 'sekrit'.repeat(200_000)),
    ];
    const sinks = [await open({ mapFields: true }, EFFECTIVELY), await open()];
    const results = [
      ...(await (sinks[0]?.write(mapped, running()) ?? [])),
      ...(await (sinks[1]?.write(plain, running()) ?? [])),
    ];
    expect(codes(results)).toEqual(['ok', ...Array(9).fill('PIO_SINK_REJECTED'), 'PIO_RECORD_TOO_LARGE']);
    for (const result of results) if (!result.ok) expect(result.error.message).not.toContain('sekrit');
    for (const sink of sinks) await sink.close();
  });

  test('blames no record for a namespace that is missing', async () => {
    const { open } = await fresh();
    const sink = await open({ keyspace: 'nobody' });
    expect(codes(await sink.write([put(1, 'a', '1')], running()))).toEqual(['PIO_SINK_MISCONFIGURED']);
    await sink.close();
  });

  testOfStandIn('says who refuses a login, and a right, and gives neither password away', async () => {
    const { open } = await fresh();
    const opening = open({ userName: 'writer', password: planted('wrong') });
    await expect(opening).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', address().hosts));
    const [writer, reader] = [
      await open({ userName: 'writer', password: PASSWORD }),
      await open({ userName: 'reader', password: PASSWORD }),
    ];
    expect(codes(await writer.write([put(1, 'a', '1')], running()))).toEqual(['ok']);
    expect(codes(await reader.write([put(1, 'a', '2')], running()))).toEqual(['PIO_SINK_MISCONFIGURED']);
    await Promise.all([writer.close(), reader.close()]);
  });

  testOfStandIn.each([
    [8, 'PIO_SINK_UNAVAILABLE', 'retry'],
    [9, 'PIO_SINK_UNAVAILABLE', 'retry'],
    [14, 'PIO_SINK_UNAVAILABLE', 'retry'],
    [18, 'PIO_SINK_UNAVAILABLE', 'retry'],
    [83, 'PIO_SINK_UNAVAILABLE', 'retry'],
    [4, 'PIO_SINK_MISCONFIGURED', 'retry'],
    [22, 'PIO_SINK_MISCONFIGURED', 'retry'],
    [12, 'PIO_SINK_REJECTED', 'reject'],
  ])('takes result %i of a server for %s', async (result, expected, disposition) => {
    const { open, settings } = await fresh();
    const sink = await open({ keySet: `fails-with-${result}`, retries: 0 });
    const [only] = await sink.write([sinkRecord(1, { key: 'a', value: 'sekrit' })], running());
    expect(only).toMatchObject({ ok: false, error: { code: expected, disposition } });
    const message = only?.ok === false ? only.error.message : '';
    expect(message).toContain(`in 7:1 to Aerospike namespace ${settings.keyspace}, set fails-with-${result}`);
    expect(message).not.toContain('sekrit');
    await sink.close();
  });

  test('writes nothing of a key behind a write of it that failed, where no version keeps the order', async () => {
    const { open, read } = await fresh();
    const sink = await open({
      keySet: isStandIn ? 'fails-with-18' : 'none',
      keyspace: isStandIn ? 'test' : 'nobody',
      retries: 0,
    });
    const results = await sink.write([put(1, 'a', '1'), put(2, 'b', '1'), put(3, 'a', '2')], running());
    const blamed = results.map((it) => (it.ok ? 'ok' : /in (7:\d)/.exec(it.error.message)?.[1]));
    expect(blamed).toEqual(['7:1', '7:2', '7:1']);
    expect(await read('a')).toBeUndefined();
    await sink.close();
  });

  test('closes when what is under way has ended, for its client ends the process otherwise', async () => {
    const { open, read } = await fresh();
    const sink = await open();
    const ending = new AbortController();
    const writing = sink.write(
      Array.from({ length: 50 }, (_, n) => put(n, `k${n}`, 'x')),
      ending.signal,
    );
    ending.abort();
    await expect(writing).rejects.toEqual(code('PIO_ABORTED'));
    await sink.close();
    await read('k0');
  });

  test('says who does not answer', async () => {
    const { open } = await fresh();
    await expect(open({ seedHosts: '127.0.0.1:1' })).rejects.toEqual(code('PIO_SINK_UNAVAILABLE', '127.0.0.1:1'));
  });
});

describeReal('delivery into Aerospike on a real broker', ['pulsar', 'aerospike'], () => {
  beforeAll(() => prepareNamespace(usePulsar(), NAMESPACE));
  deliveryContract(`Pulsar 4, ${isStandIn ? 'stand-in for Aerospike' : 'Aerospike'}`, {
    broker: usePulsar,
    namespace: NAMESPACE,
    target: () => deliveryTarget(address()),
    records: 2_000,
    maxKills: 4,
    repeatsAreRows: false,
    startCloud: (options, environment) => startCloud(options, { ...environment, NODE_PATH: MODULES }),
  });
});
