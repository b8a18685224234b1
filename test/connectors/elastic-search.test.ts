import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { documents } from '../../src/connectors/elastic-search/document.ts';
import { formatTime } from '../../src/connectors/elastic-search/index-name.ts';
import { elasticSearchSink } from '../../src/connectors/elastic-search/sink.ts';
import { tlsOptions } from '../../src/connectors/elastic-search/ssl.ts';
import type { Guarantee } from '../../src/core/guarantee.ts';
import type { RecordResult, SinkRecord } from '../../src/core/record.ts';
import { sinkRecord } from '../contracts/sink.ts';
import { planted } from '../kit/planted.ts';
import { configOf, context, problemsOf } from './open.ts';

const base = { elasticSearchUrl: 'http://localhost:9200', indexName: 'i' };
const put = (n: number, key: string, value: string): SinkRecord => sinkRecord(n, { key, value });

/** Pulsar's own keys with values that differ from the defaults where a value is free. */
const PULSARS: Readonly<Record<string, unknown>> = {
  elasticSearchUrl: 'http://a:9200,https://b:9200',
  indexName: 'logs-%{+yyyy-MM-dd}',
  typeName: 'doc',
  schemaEnable: 'true',
  indexNumberOfShards: '2',
  createIndexIfNeeded: true,
  indexNumberOfReplicas: 1,
  username: 'elastic',
  password: planted('elastic-password'),
  maxRetries: -1,
  retryBackoffInMs: '200',
  maxRetryTimeInSec: 10,
  bulkEnabled: true,
  bulkActions: -1,
  bulkSizeInMb: -1,
  bulkConcurrentRequests: 2,
  bulkFlushIntervalInMs: -1,
  compressionEnabled: true,
  connectTimeoutInMs: 100,
  connectionRequestTimeoutInMs: 100,
  connectionIdleTimeoutInMs: 50,
  socketTimeoutInMs: 0,
  keyIgnore: false,
  primaryFields: 'id,a',
  ssl: { enabled: true, provider: 'x', hostnameVerification: false, protocols: 'TLSv1.2,TLSv1.3' },
  nullValueAction: 'DELETE',
  malformedDocAction: 'WARN',
  stripNulls: false,
  compatibilityMode: 'OPENSEARCH',
  canonicalKeyFields: true,
  stripNonPrintableCharacters: false,
  idHashingAlgorithm: 'SHA512',
  conditionalIdHashing: true,
  copyKeyFields: true,
};

describe('the config of the elastic_search sink', () => {
  test("takes Pulsar's config, all of it and each key alone", () => {
    expect(problemsOf(elasticSearchSink, PULSARS)).toEqual([]);
    for (const [key, value] of Object.entries(PULSARS)) {
      const more = key === 'username' ? { password: 'p' } : key === 'password' ? { username: 'u' } : {};
      expect(problemsOf(elasticSearchSink, { ...base, ...more, [key]: value })).toEqual([]);
    }
    for (const key of ['token', 'apiKey'])
      expect(problemsOf(elasticSearchSink, { ...base, [key]: planted(key) })).toEqual([]);
    const declared = Object.entries(elasticSearchSink.config.properties).filter(([, it]) => it.pulsar !== undefined);
    const missing = declared
      .map(([key]) => key)
      .filter((key) => !(key in PULSARS) && !['token', 'apiKey'].includes(key));
    expect(missing).toEqual([]);
  });

  test('refuses what cannot work, and says where', () => {
    expect(problemsOf(elasticSearchSink, {})).toEqual(['/configs/elasticSearchUrl']);
    const of = (more: Record<string, unknown>) => problemsOf(elasticSearchSink, { ...base, ...more });
    for (const elasticSearchUrl of ['localhost:9200', 'http://user:pass@host', 'ftp://host', 'http://a?b=c'])
      expect(of({ elasticSearchUrl })).toEqual(['/configs/elasticSearchUrl']);
    for (const indexName of ['UPPER', '-a', '_a', '.', 'x'.repeat(256)]) {
      expect(of({ indexName, createIndexIfNeeded: true })).toEqual(['/configs/indexName']);
      expect(of({ indexName })).toEqual([]);
    }
    expect(of({ indexName: 'a-%{+YYYY-ww}' })).toEqual(['/configs/indexName']);
    expect(of({ username: 'u' })).toEqual(['/configs/password']);
    expect(of({ token: 't', apiKey: 'k' })).toEqual(['/configs/username']);
    expect(of({ clientCertificate: 'pem' })).toEqual(['/configs/clientKey']);
    expect(of({ bulkActions: 0, bulkSizeInMb: 0 })).toEqual(['/configs/bulkActions', '/configs/bulkSizeInMb']);
    for (const key of ['truststorePath', 'truststorePassword', 'keystorePath', 'keystorePassword', 'cipherSuites'])
      expect(of({ ssl: { [key]: 'x' } })).toEqual([`/configs/ssl/${key}`]);
    expect(of({ ssl: { protocols: 'SSLv3' } })).toEqual(['/configs/ssl/protocols']);
    expect(of({ ssl: { other: 1 } })).toEqual(['/configs/ssl']);
  });

  test('asks of TLS what ssl says', () => {
    const ssl = configOf(elasticSearchSink, { ...base, ssl: PULSARS.ssl }) as { ssl: Parameters<typeof tlsOptions>[0] };
    expect(tlsOptions(ssl.ssl, { ca: 'pem' })).toMatchObject({
      ...{ ca: 'pem', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', rejectUnauthorized: true },
      checkServerIdentity: expect.any(Function),
    });
    expect(tlsOptions({ ...ssl.ssl, enabled: false }, {})).toEqual({});
  });
});

test('formats times as Java does, in UTC', () => {
  const date = new Date(Date.UTC(2024, 1, 29, 3, 4, 5, 6));
  expect(formatTime("yyyy.MM.dd'T'HH-mm-ss-SSS''", date)).toBe("2024.02.29T03-04-05-006'");
  expect(formatTime('yy-M-d-H-m-s-DDD', date)).toBe('24-2-29-3-4-5-060');
});

describe('documents', () => {
  const documentOf = (more: Record<string, unknown>, record: SinkRecord, isVersioned = false) =>
    documents(configOf(elasticSearchSink, { ...base, ...more }), isVersioned)(record);
  const derived = 'persistent://public/default/in 7:1';

  test('are the value as it is, without a schema', () => {
    const text = '{"b":null, "n":12345678901234567890.10}';
    const ignored = { primaryFields: 'n', stripNulls: true, idHashingAlgorithm: 'SHA256' };
    expect(documentOf(ignored, put(1, 'k', text))).toEqual({ id: derived, source: text });
    expect(documentOf({ keyIgnore: false }, put(1, 'k', text))).toEqual({ id: 'k', source: text });
    expect(documentOf({ keyIgnore: false }, put(1, '', text)).id).toBe(derived);
    expect(documentOf({}, put(1, 'k', '\uFEFF{"a":"\u202Ex\n"}')).source).toBe('{"a":"x"}');
  });

  test('have their nulls stripped and the fields of the key, where schemaEnable applies them', () => {
    const of = (more: Record<string, unknown>, value: string, key = 'k') =>
      documentOf({ schemaEnable: true, ...more }, put(1, key, value)).source;
    expect(of({}, '{"a":null,"b":[null,{"c":null,"d":9007199254740993}]}')).toBe('{"b":[{"d":9007199254740993}]}');
    expect(of({ stripNulls: false }, '{"a":null}')).toBe('{"a":null}');
    expect(of({ copyKeyFields: true }, '{"v":1}', '{"k":2,"v":0}')).toBe('{"k":2,"v":1}');
    expect(of({ copyKeyFields: true }, '{"v":1}', 'text')).toBe('{"v":1}');
  });

  test('have ids of key, fields or hash, as Pulsar makes them', () => {
    const of = (more: Record<string, unknown>, key: string, value = '{"b":"x","a":1,"o":{"z":1,"y":2}}') =>
      documentOf({ schemaEnable: true, keyIgnore: false, ...more }, put(1, key, value)).id;
    expect(of({}, 'key')).toBe('key');
    expect(of({}, '{"id":7}')).toBe('7');
    expect(of({}, '{"b":"x","a":1}')).toBe('["x",1]');
    expect(of({ primaryFields: 'b' }, 'key')).toBe('x');
    expect(of({ primaryFields: 'a,b' }, 'key')).toBe('["x",1]');
    expect(of({ primaryFields: 'o' }, 'key')).toBe('{"z":1,"y":2}');
    expect(of({ primaryFields: 'o', canonicalKeyFields: true }, 'key')).toBe('{"y":2,"z":1}');
    expect(of({ idHashingAlgorithm: 'SHA256' }, 'key')).toBe('LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM');
    expect(of({ idHashingAlgorithm: 'SHA512', conditionalIdHashing: true }, 'key')).toBe('key');
    expect(of({ idHashingAlgorithm: 'SHA512', conditionalIdHashing: true }, 'k'.repeat(513))).toHaveLength(86);
    expect(() => of({ primaryFields: 'nope' }, 'key')).toThrow('no value for nope');
    expect(() => of({}, 'k'.repeat(513))).toThrow('more than 512 bytes');
  });

  test('are not what a deletion leaves', () => {
    const record = put(1, 'k', '{"pulsar_io_deleted":1}');
    expect(() => documentOf({ nullValueAction: 'DELETE' }, record, true)).toThrow('kept for the sink');
    expect(documentOf({ nullValueAction: 'DELETE' }, record).id).toBe(derived);
  });
});

/** A server that answers what it is told, and notes what it was asked. */
const scripted = async (answers: readonly [status: number, body: unknown][]) => {
  const asked: { readonly line: string; readonly authorization: string | undefined; readonly body: string }[] = [];
  const left = [...answers];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url = '', headers } = request;
    const line = `${method} ${url.split('?')[0]}`;
    asked.push({ line, authorization: headers.authorization, body: Buffer.concat(chunks).toString() });
    const [status, body] = left.shift() ?? [500, 'nothing left'];
    response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}`, close: () => server.close() };
};

describe('a scripted server', () => {
  let server: Awaited<ReturnType<typeof scripted>>;
  afterEach(() => void server.close());
  const running = () => new AbortController().signal;
  const INFO: [number, unknown] = [200, {}];
  const openOn = async (answers: readonly [number, unknown][], more = {}, guarantee: Guarantee = 'ATLEAST_ONCE') => {
    server = await scripted(answers);
    const config = { ...base, elasticSearchUrl: server.url, keyIgnore: false, ...more };
    return elasticSearchSink.open(configOf(elasticSearchSink, config), context({ guarantee }));
  };
  const write = async (answers: readonly [number, unknown][], more = {}, guarantee: Guarantee = 'ATLEAST_ONCE') => {
    const sink = await openOn([INFO, ...answers], more, guarantee);
    const results = await sink.write([put(1, 'a', '{"v":"sekrit"}'), put(2, 'b', '{"v":2}')], running());
    await sink.close();
    for (const it of results) if (!it.ok) expect(it.error.message).not.toContain('sekrit');
    return results.map((it: RecordResult) => (it.ok ? 'ok' : (it.error as { code?: string }).code));
  };
  const items = (...all: [number, string?][]) => ({
    errors: all.some(([, type]) => type),
    items: all.map(([status, type]) => ({
      index: { status, ...(type && { error: { type, reason: status > 404 || status === 400 ? 'sekrit' : 'r' } }) },
    })),
  });

  test.each([
    [401, 'PIO_SINK_MISCONFIGURED'],
    [503, 'PIO_SINK_UNAVAILABLE'],
    [429, 'PIO_SINK_UNAVAILABLE'],
    [302, ''],
    [403, ''],
    [404, ''],
  ])('at open answers %s', async (status, code) => {
    const opening = openOn([[status, { error: { type: 't', reason: 'r' } }]]);
    if (code) await expect(opening).rejects.toMatchObject({ code });
    else await (await opening).close();
  });

  test.each([
    [
      [200, items([201], [429, 'rejected_execution_exception'])],
      ['ok', 'PIO_SINK_UNAVAILABLE'],
    ],
    [
      [200, items([400, 'mapper_parsing_exception'], [201])],
      ['PIO_SINK_REJECTED', 'ok'],
    ],
    [
      [200, items([404, 'index_not_found_exception'], [403, 'security_exception'])],
      Array(2).fill('PIO_SINK_MISCONFIGURED'),
    ],
    [
      [200, items([409, 'version_conflict_engine_exception'], [404])],
      ['ok', 'ok'],
    ],
    [
      [200, items([503, 'unavailable_shards_exception'], [400, 'index_closed_exception'])],
      ['PIO_SINK_UNAVAILABLE', 'PIO_SINK_MISCONFIGURED'],
    ],
    [[200, items([201])], Array(2).fill('PIO_SINK_MISCONFIGURED')],
    [[200, '<html>a proxy</html>'], Array(2).fill('PIO_SINK_MISCONFIGURED')],
    [
      [400, { error: { type: 'illegal_argument_exception', reason: 'sekrit' } }],
      Array(2).fill('PIO_SINK_MISCONFIGURED'),
    ],
    [[401, { error: { type: 'security_exception', reason: 'expired' } }], Array(2).fill('PIO_SINK_MISCONFIGURED')],
    [[403, 'forbidden'], Array(2).fill('PIO_SINK_MISCONFIGURED')],
    [[429, { error: { type: 'circuit_breaking_exception', reason: 'r' } }], Array(2).fill('PIO_SINK_UNAVAILABLE')],
    [
      [503, { error: { type: 'unavailable_shards_exception', reason: 'sekrit' } }],
      Array(2).fill('PIO_SINK_UNAVAILABLE'),
    ],
    [[502, 'bad gateway'], Array(2).fill('PIO_SINK_UNAVAILABLE')],
  ] as [[number, unknown], string[]][])('a bulk request with %j', async (answer, expected) => {
    expect(await write([answer])).toEqual(expected);
  });

  test('halves a request that is too large, until the record is found', async () => {
    expect(
      await write([
        [413, 'large'],
        [413, 'large'],
        [200, items([201])],
      ]),
    ).toEqual(['PIO_RECORD_TOO_LARGE', 'ok']);
  });

  test('lets nothing overtake what failed', async () => {
    expect(await write([[200, items([429, 'x'])]], { bulkActions: 1 })).toEqual(Array(2).fill('PIO_SINK_UNAVAILABLE'));
    expect(server.asked).toHaveLength(2);
  });

  test('is told version, type and credentials', async () => {
    const ok: [number, unknown] = [200, items([201], [201])];
    const more = { compatibilityMode: 'ELASTICSEARCH_7', typeName: 'doc', apiKey: planted('api-key') };
    expect(await write([ok], more, 'EFFECTIVELY_ONCE')).toEqual(['ok', 'ok']);
    const [header] = server.asked[1]?.body.split('\n') ?? [];
    expect(JSON.parse(header ?? '')).toEqual({
      index: {
        ...{ _index: 'i', _type: 'doc', _id: 'a' },
        ...{ version: 1_700_000_000_000_001, version_type: 'external_gte' },
      },
    });
    expect(server.asked[1]?.authorization).toMatch(/^ApiKey /);
    server.close();
    await write([ok], { token: planted('token'), typeName: 'doc' });
    expect(server.asked[1]?.authorization).toMatch(/^Bearer /);
    expect(server.asked[1]?.body).toContain('{"index":{"_index":"i","_id":"a"}}\n');
    server.close();
    await write([ok], { username: 'u', password: planted('password') });
    expect(server.asked[0]?.authorization).toMatch(/^Basic /);
  });

  test('creates an index, also when somebody else does so at once, and says when it may not', async () => {
    const exists: [number, unknown] = [400, { error: { type: 'resource_already_exists_exception' } }];
    const create = { createIndexIfNeeded: true };
    expect(await write([[404, ''], exists, [200, items([201], [201])]], create)).toEqual(['ok', 'ok']);
    expect(server.asked.map(({ line }) => line)).toEqual(['GET /', 'HEAD /i', 'PUT /i', 'POST /_bulk']);
    server.close();
    const forbidden: [number, unknown] = [403, { error: { type: 'security_exception', reason: 'no' } }];
    expect(await write([[404, ''], forbidden], create)).toEqual(Array(2).fill('PIO_SINK_MISCONFIGURED'));
    server.close();
    expect(await write([[403, '']], create)).toEqual(Array(2).fill('PIO_SINK_MISCONFIGURED'));
  });

  test('passes over or rejects messages without payload', async () => {
    const records = [sinkRecord(1, { key: 'a' })];
    const sink = await openOn([INFO]);
    expect(await sink.write(records, running())).toEqual([{ ok: true }]);
    await sink.close();
    server.close();
    const failing = await openOn([INFO], { nullValueAction: 'FAIL', malformedDocAction: 'IGNORE' });
    expect((await failing.write(records, running()))[0]).toMatchObject({ error: { code: 'PIO_RECORD_UNREADABLE' } });
    expect(failing.describe?.(put(1, 'a', '{"v":1}'), running())).toEqual({
      ...{ index: 'i', action: 'index', id: 'a', document: { v: 1 } },
    });
    await failing.close();
  });

  test('that nobody is', async () => {
    server = await scripted([]);
    for (const elasticSearchUrl of ['http://127.0.0.1:1', server.url.replace('http', 'https')]) {
      const opening = elasticSearchSink.open(configOf(elasticSearchSink, { ...base, elasticSearchUrl }), context());
      await expect(opening).rejects.toMatchObject({ disposition: 'retry' });
    }
  });
});
