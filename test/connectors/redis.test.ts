import { describe, expect, test } from '@jest/globals';
import { hostsOf } from '../../src/connectors/redis/config.ts';
import { redisError } from '../../src/connectors/redis/errors.ts';
import { versionKeyOf } from '../../src/connectors/redis/script.ts';
import { redisSink } from '../../src/connectors/redis/sink.ts';
import { configOf, problemsOf } from './open.ts';

describe('the config of the redis sink', () => {
  test("takes Pulsar's config", () => {
    const all = {
      redisHosts: 'localhost:6379',
      redisPassword: 'fake@123',
      redisDatabase: '1',
      clientMode: 'Standalone',
      autoReconnect: true,
      requestQueue: '2147483647',
      tcpNoDelay: false,
      keepAlive: false,
      connectTimeout: 10000,
      operationTimeout: '3000',
      batchTimeMs: '1000',
      batchSize: '100',
    };
    expect(problemsOf(redisSink, all)).toEqual([]);
    expect(redisSink.maxBatchRecords?.(configOf(redisSink, all))).toBe(100);
    expect(problemsOf(redisSink, { ...all, clientMode: 'STANDALONE' })).toEqual([]);
  });

  test('refuses what cannot work, and says where', () => {
    expect(problemsOf(redisSink, {})).toEqual(['/configs/redisHosts']);
    const of = (more: Record<string, unknown>) => problemsOf(redisSink, { redisHosts: 'h', ...more });
    expect(of({ redisHosts: 'h:port' })).toEqual(['/configs/redisHosts']);
    expect(of({ clientMode: 'Sentinel' })).toEqual(['/configs/clientMode']);
    expect(of({ clientMode: 'Cluster', redisDatabase: 1 })).toEqual(['/configs/redisDatabase']);
    expect(of({ userName: 'u' })).toEqual(['/configs/redisPassword']);
    expect(of({ caCertificate: 'pem' })).toEqual(['/configs/tls']);
    expect(of({ versionPrefix: 'a{b}' })).toEqual(['/configs/versionPrefix']);
  });

  test('reads hosts', () => {
    expect(hostsOf('a, [::1]:7')).toEqual([
      { host: 'a', port: 6379 },
      { host: '::1', port: 7 },
    ]);
  });
});

test('a version lies in the slot of its key', () => {
  expect(versionKeyOf('a', 'v:', false)).toBe('v:a');
  expect(versionKeyOf('a', 'v:', true)).toBe('v:{a}');
  expect(versionKeyOf('x{a}b', 'v:', true)).toBe('v:x{a}b');
  for (const key of ['', 'a}b', '{}a']) expect(versionKeyOf(key, 'v:', true)).toBeUndefined();
});

test('errors of Redis have the code that their first word means', () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
  const cases: [Error, string][] = [
    [reply('WRONGPASS invalid'), 'PIO_SINK_MISCONFIGURED'],
    [reply('ERR DB index is out of range'), 'PIO_SINK_MISCONFIGURED'],
    [reply('WRONGTYPE Operation'), 'PIO_SINK_REJECTED'],
    [reply('OOM command not allowed'), 'PIO_SINK_UNAVAILABLE'],
    [reply('LOADING Redis is loading'), 'PIO_SINK_UNAVAILABLE'],
    [new Error('Connection is closed.'), 'PIO_SINK_UNAVAILABLE'],
    [Object.assign(new Error(), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'PIO_SINK_MISCONFIGURED'],
  ];
  for (const [error, expected] of cases) expect(redisError(error, 'doing').code).toBe(expected);
  const unknown = redisError(reply("ERR unknown command 'SET', with args beginning with: 'k' 'sekrit' "), 'doing');
  expect(unknown.message).toBe("doing: ERR unknown command 'SET'");
});
