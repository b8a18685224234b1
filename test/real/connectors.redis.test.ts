import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { SinkRecord } from '../../src/core/record.ts';
import { redisHarness, redisOutageHarness, redisTarget } from '../connectors/redis-target.ts';
import { sinkContract, sinkRecord, versionedSinkContract } from '../contracts/sink.ts';
import { sinkOutageContract } from '../contracts/sink-trouble.ts';
import { code, codes } from '../kit/failures.ts';
import { describeReal, type RedisAddress, type RunningServer, startRedis, useRedis } from '../services/index.ts';

const running = () => new AbortController().signal;
const put = (n: number, key: string, text: string | Buffer): SinkRecord =>
  sinkRecord(n, { key, value: Buffer.from(text) });

describeReal('the redis sink on a real server', ['redis'], () => {
  sinkContract('redis', () => redisHarness(useRedis()));
  sinkContract('redis under ATLEAST_ONCE', () => redisHarness(useRedis(), {}));
  versionedSinkContract('redis', () => redisHarness(useRedis()));
  sinkOutageContract('redis', () => redisOutageHarness(useRedis()));

  let target: Awaited<ReturnType<typeof redisTarget>> | undefined;
  const fresh = async () => {
    const made = await redisTarget(useRedis());
    target = made;
    return made;
  };
  afterEach(async () => {
    await target?.dispose();
    target = undefined;
  });

  test('stores bytes as they are', async () => {
    const of = await fresh();
    const sink = await of.open();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    expect(codes(await sink.write([put(1, 'a', bytes)], running()))).toEqual(['ok']);
    expect(await of.client.getBuffer('a')).toEqual(bytes);
    await sink.close();
  });

  test('keeps versions beside the keys under EFFECTIVELY_ONCE only, and those of deleted keys for a time', async () => {
    const of = await fresh();
    const plain = await of.open();
    await plain.write([put(1, 'a', '1')], running());
    expect(await of.client.keys('*')).toEqual(['a']);
    await plain.close();
    const sink = await of.open({ tombstoneTtlMs: 60_000 }, { guarantee: 'EFFECTIVELY_ONCE' });
    await sink.write([put(2, 'a', '2'), sinkRecord(3, { key: 'b' })], running());
    expect((await of.client.keys('*')).sort()).toEqual(['a', 'pulsar-io:version:a', 'pulsar-io:version:b']);
    expect(await of.client.get('pulsar-io:version:a')).toBe('1700000000000002');
    expect(await of.client.pttl('pulsar-io:version:a')).toBe(-1);
    expect(await of.client.pttl('pulsar-io:version:b')).toBeGreaterThan(0);
    expect(sink.describe?.(put(4, 'c', 'sekrit'), running())).toEqual({
      command: 'SET',
      key: 'c',
      bytes: 6,
      versionKey: 'pulsar-io:version:c',
      version: 1_700_000_000_000_004,
    });
    await sink.close();
  });

  test('rejects a key that would be taken for a version, and one whose version is no text, and writes the others', async () => {
    const of = await fresh();
    await of.client.lpush('pulsar-io:version:b', 'x');
    const sink = await of.open({}, { guarantee: 'EFFECTIVELY_ONCE' });
    const records = [put(1, 'a', '1'), put(2, 'b', '2'), put(3, 'pulsar-io:version:a', '9'), put(4, 'c', '4')];
    expect(codes(await sink.write(records, running()))).toEqual(['ok', 'PIO_SINK_REJECTED', 'PIO_SINK_REJECTED', 'ok']);
    expect(await of.contents()).toEqual({ a: '1', c: '4' });
    await sink.close();
  });

  test('says PIO_SINK_UNAVAILABLE when nobody answers, and PIO_SINK_MISCONFIGURED for TLS that does not fit', async () => {
    const { certificate, open } = await fresh();
    const { tlsPort } = useRedis();
    await expect(open({ redisHosts: '127.0.0.1:1' })).rejects.toEqual(code('PIO_SINK_UNAVAILABLE', '127.0.0.1:1'));
    const tls = { redisHosts: `localhost:${tlsPort}`, tls: true };
    await expect(open(tls)).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', 'certificate'));
    await (await open({ ...tls, caCertificate: certificate })).close();
    await expect(
      open({ redisHosts: `localhost:${tlsPort}`, connectTimeout: 500, operationTimeout: 500 }),
    ).rejects.toEqual(code('PIO_SINK_UNAVAILABLE'));
    await expect(open({ redisDatabase: 99 })).rejects.toEqual(
      code('PIO_SINK_MISCONFIGURED', 'DB index is out of range'),
    );
  });

  describe('with users, rights and limits', () => {
    let server: RunningServer<RedisAddress>;
    let of: Awaited<ReturnType<typeof redisTarget>>;
    beforeAll(async () => {
      server = await startRedis();
      of = await redisTarget(server.address);
      await of.client.call('ACL', 'SETUSER', 'writer', 'on', '>right', '~mine*', '~pulsar-io:version:mine*', '+@all');
      await of.client.call('ACL', 'SETUSER', 'reader', 'on', '>right', '~*', '+@connection', '+@read');
    });
    afterAll(async () => {
      of.client.disconnect();
      await server.stop();
    });
    const as = (userName: string, redisPassword = 'right') => ({ userName, redisPassword });

    test('says PIO_SINK_MISCONFIGURED for a wrong password and for a missing right', async () => {
      await expect(of.open(as('writer', 'wrong'))).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', 'WRONGPASS'));
      for (const guarantee of ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
        const reader = await of.open(as('reader'), { guarantee });
        expect(codes(await reader.write([put(1, 'a', '1')], running()))).toEqual(['PIO_SINK_MISCONFIGURED']);
        await reader.close();
        const writer = await of.open(as('writer'), { guarantee });
        expect(codes(await writer.write([put(1, 'mine', '1')], running()))).toEqual(['ok']);
        expect(codes(await writer.write([put(2, 'other', '1')], running()))).toEqual(['PIO_SINK_MISCONFIGURED']);
        await writer.close();
      }
    });

    test('retries when the server has no memory left, or is a replica', async () => {
      for (const guarantee of ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
        const sink = await of.open({}, { guarantee });
        await of.client.config('SET', 'maxmemory', '1');
        expect(codes(await sink.write([put(1, 'a', 'sekrit')], running()))).toEqual(['PIO_SINK_UNAVAILABLE']);
        await of.client.config('SET', 'maxmemory', '0');
        await of.client.replicaof('127.0.0.1', 1);
        expect(codes(await sink.write([put(1, 'a', 'sekrit')], running()))).toEqual(['PIO_SINK_UNAVAILABLE']);
        await of.client.replicaof('NO', 'ONE');
        expect(codes(await sink.write([put(1, 'a', '1')], running()))).toEqual(['ok']);
        await sink.close();
      }
    });

    test('asks for a password when the server wants one', async () => {
      await of.client.config('SET', 'requirepass', 'needed');
      await expect(of.open()).rejects.toEqual(code('PIO_SINK_MISCONFIGURED', 'NOAUTH'));
      await (await of.open({ redisPassword: 'needed' })).close();
      await of.client.config('SET', 'requirepass', '');
    });
  });

  describe('on a cluster', () => {
    let server: RunningServer<RedisAddress>;
    beforeAll(async () => {
      server = await startRedis({ isCluster: true });
    });
    afterAll(() => server.stop());
    sinkContract('redis, Cluster', () => redisHarness(server.address, { guarantee: 'EFFECTIVELY_ONCE' }, true));
    versionedSinkContract('redis, Cluster', () =>
      redisHarness(server.address, { guarantee: 'EFFECTIVELY_ONCE' }, true),
    );
    sinkContract('redis, Cluster, ATLEAST_ONCE', () => redisHarness(server.address, {}, true));

    test('keeps versions in the slots of their keys, and rejects a key that none can go with', async () => {
      const of = await redisTarget(server.address, true);
      const sink = await of.open({}, { guarantee: 'EFFECTIVELY_ONCE' });
      const keys = ['plain', '{tag}a', 'a{tag}b', 'a}b', '{}a', 'open{'];
      const results = await sink.write(
        keys.map((key, n) => put(n, key, 'v')),
        running(),
      );
      expect(results.map(({ ok }) => ok)).toEqual([true, true, true, false, false, true]);
      await sink.close();
      await of.dispose();
    });
  });
});
