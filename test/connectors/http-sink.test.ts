import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { isLinkLocal, ownSurroundings } from '../../src/connectors/http/link-local.ts';
import { httpSink } from '../../src/connectors/http/sink.ts';
import type { OpenContext } from '../../src/core/connector-type.ts';
import type { SinkRecord } from '../../src/core/record.ts';
import { type SinkHarness, sinkContract, sinkRecord } from '../contracts/sink.ts';
import { sinkOutageContract, sinkValuesContract } from '../contracts/sink-trouble.ts';
import { codes } from '../kit/failures.ts';
import { planted } from '../kit/planted.ts';
import { type SeenRequest, startHttpServer, type TestAnswer, type TestHttpServer } from '../pulsar/kit/http-server.ts';
import { startCutProxy } from './cut-proxy.ts';
import { configOf, context, problemsOf } from './open.ts';

const running = () => new AbortController().signal;
const put = (n: number, value: string | null, more: Partial<SinkRecord> = {}) => sinkRecord(n, { value, ...more });
const open = (url: string, more: Record<string, unknown> = {}, of: Partial<OpenContext> = {}) =>
  httpSink.open(configOf(httpSink, { url, ...more }), context(of));
const decoded = (header: unknown): string => {
  const text = String(header);
  return text.startsWith("UTF-8''") ? decodeURIComponent(text.slice(7)) : text;
};

const IDEMPOTENT = { idempotencyHeader: 'Idempotency-Key' };
const EFFECTIVELY: Partial<OpenContext> = { guarantee: 'EFFECTIVELY_ONCE' };

/** A web application that keeps a text for each key, and does nothing for an id that it has seen. */
const harness = async (
  more: Record<string, unknown> = {},
  of: Partial<OpenContext> = {},
): Promise<SinkHarness & { readonly port: number }> => {
  const kept = new Map<string, string>();
  const ids = new Set<string>();
  const take = ({ headers, body }: SeenRequest): TestAnswer => {
    if (headers['pulsarproperties-poison']) return { status: 422, body: `what is ${body}?` };
    const id = headers['idempotency-key'];
    if (typeof id === 'string' && ids.has(id)) return {};
    ids.add(String(id));
    const key = decoded(headers.pulsarkey);
    if (body === 'null') kept.delete(key);
    else kept.set(key, body);
    return {};
  };
  const server = await startHttpServer(take);
  return {
    port: Number(new URL(server.url).port),
    open: () => open(server.url, more, of),
    record: (n, key, text) => put(n, text, { key }),
    poison: (n) => put(n, 'sekrit', { properties: { poison: 'yes' } }),
    tombstone: (n, key) => put(n, null, { key }),
    contents: async () => Object.fromEntries(kept),
    dispose: () => server.stop(),
  };
};

sinkContract('http', () => harness());
sinkContract('http under EFFECTIVELY_ONCE', () => harness(IDEMPOTENT, EFFECTIVELY));
sinkOutageContract('http', async () => {
  const target = await harness();
  const proxy = await startCutProxy('127.0.0.1', target.port);
  const url = `http://127.0.0.1:${proxy.port}`;
  return {
    ...target,
    // It connects with its first request: an opening that fails is one that cannot be written behind.
    open: async () => {
      const sink = await open(url);
      const [result] = await sink.write([target.poison(9)], running());
      if (result?.ok === false && (result.error as { disposition?: string }).disposition !== 'reject')
        throw result.error;
      return sink;
    },
    outage: proxy.cut,
    dispose: async () => {
      await proxy.close();
      await target.dispose();
    },
  };
});
const json = (text: string) => ({ given: text, expected: text });
sinkValuesContract(
  'http',
  async () => {
    const server = await startHttpServer(() => ({}));
    return {
      open: () => open(server.url),
      record: (n, _, value) => put(n, value as string),
      read: async () => server.seen[0]?.body,
      dispose: () => server.stop(),
    };
  },
  {
    binary: 'a payload that is no text does not reach the sink: it is unreadable',
    boolean: json('true'),
    'integer beyond 2^53': json('{"n":9007199254740993}'),
    decimal: json('{"n":0.10000000000000000001}'),
    date: json('{"d":"2024-02-29"}'),
    timestamp: json('{"t":1700000000000}'),
    'null field': json('{"n":null}'),
    nested: json('{"a":{"b":[1,{"c":2}]}}'),
  },
);

describe('the http sink', () => {
  let server: TestHttpServer;
  const serve = async (answer: (request: SeenRequest) => TestAnswer | undefined = () => ({})) => {
    server = await startHttpServer(answer);
    return server.url;
  };
  afterEach(() => server?.stop());

  test("sends Pulsar's headers, its own configuration's, and the value", async () => {
    const sink = await open(`${await serve()}/hook?token=abc`, {
      headers: { 'X-Own': 'yes' },
      method: 'PUT',
      authorization: 'Bearer t',
    });
    const record = put(3, '{"a":1}', {
      topic: 'persistent://public/default/in-partition-2',
      key: 'käse',
      eventTimeMs: 5,
      properties: { plain: 'a b', 'with (space)': '' },
      messageId: { ledgerId: 300, entryId: 2, batchIndex: 1, batchSize: 4 },
    });
    expect(await sink.write([record], running())).toEqual([{ ok: true }]);
    expect(server.seen[0]).toMatchObject({ method: 'PUT', url: '/hook?token=abc', body: '{"a":1}' });
    expect(server.seen[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-own': 'yes',
      authorization: 'Bearer t',
      pulsartopic: 'persistent://public/default/in-partition-2',
      pulsarkey: "UTF-8''k%C3%A4se",
      pulsareventtime: '5',
      pulsarpublishtime: '1700000000003',
      // ledger 300, entry 2, partition 2, index 1, of 4
      pulsarmessageid: Buffer.from([8, 0xac, 2, 16, 2, 24, 2, 32, 1, 48, 4]).toString('base64'),
      'pulsarproperties-plain': 'a b',
      'pulsarproperties-with%20%28space%29': '',
    });
    expect(sink.describe?.(record, running())).toMatchObject({ method: 'PUT', bytes: 7 });
    expect(JSON.stringify(sink.describe?.(record, running()))).not.toContain('abc');
    await sink.close();
  });

  test('gives every attempt at a record the same id, each record another, and each connector others', async () => {
    const url = await serve();
    const idOf = async (n: number, uid: string) => {
      const sink = await open(url, IDEMPOTENT, { ...EFFECTIVELY, uid });
      await sink.write([put(n, '1')], running());
      await sink.close();
      return server.seen.at(-1)?.headers['idempotency-key'];
    };
    const ids = [await idOf(1, 'a'), await idOf(1, 'a'), await idOf(2, 'a'), await idOf(1, 'b')];
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  test.each([
    [400, 'PIO_SINK_REJECTED', 'reject'],
    [409, 'PIO_SINK_REJECTED', 'reject'],
    [422, 'PIO_SINK_REJECTED', 'reject'],
    [413, 'PIO_RECORD_TOO_LARGE', 'reject'],
    [401, 'PIO_SINK_MISCONFIGURED', 'fatal'],
    [403, 'PIO_SINK_MISCONFIGURED', 'fatal'],
    [302, 'PIO_SINK_MISCONFIGURED', 'retry'],
    [404, 'PIO_SINK_MISCONFIGURED', 'retry'],
    [405, 'PIO_SINK_MISCONFIGURED', 'retry'],
    [408, 'PIO_SINK_UNAVAILABLE', 'retry'],
    [429, 'PIO_SINK_UNAVAILABLE', 'retry'],
    [500, 'PIO_SINK_UNAVAILABLE', 'retry'],
    [503, 'PIO_SINK_UNAVAILABLE', 'retry'],
  ])('takes status %i for %s (%s), and follows no redirection', async (status, code, disposition) => {
    const secret = planted('a-token-in-the-address');
    const sink = await open(
      `${await serve(() => ({ status, headers: { location: '/other' }, body: 'sekrit' }))}/hook?key=${secret}`,
    );
    const results = await sink.write([put(1, 'sekrit'), put(2, 'b')], running());
    const [error] = results.flatMap((it) => (it.ok ? [] : [it.error]));
    expect(error).toMatchObject({ code, disposition });
    expect(error?.message).toContain(`in 7:1 to ${server.url}/hook: status ${status}`);
    expect(error?.message).not.toMatch(new RegExp(`sekrit|${secret}`));
    // One after the other: what is not the record's fault ends the write.
    expect(server.seen).toHaveLength(disposition === 'reject' ? 2 : 1);
    await sink.close();
  });

  test('waits as Retry-After asks, for a short time, and under ATMOST_ONCE not at all', async () => {
    let refusals = 2;
    const url = await serve(() => (refusals-- > 0 ? { status: 429, headers: { 'retry-after': '0' } } : {}));
    const sink = await open(url);
    expect(codes(await sink.write([put(1, 'a')], running()))).toEqual(['ok']);
    expect(server.seen).toHaveLength(3);
    refusals = 9;
    expect(codes(await sink.write([put(2, 'a')], running()))).toEqual(['PIO_SINK_UNAVAILABLE']);
    expect(server.seen).toHaveLength(7);
    await sink.close();
    const once = await open(url, {}, { guarantee: 'ATMOST_ONCE' });
    expect(codes(await once.write([put(3, 'a')], running()))).toEqual(['PIO_SINK_UNAVAILABLE']);
    expect(server.seen).toHaveLength(8);
    await once.close();
  });

  test('leaves a longer Retry-After to the back-off of the runtime', async () => {
    const sink = await open(await serve(() => ({ status: 503, headers: { 'retry-after': '3600' } })));
    const [result] = await sink.write([put(1, 'a')], running());
    expect(result).toMatchObject({ ok: false, error: { message: expect.stringContaining('asks to wait 3600 s') } });
    expect(server.seen).toHaveLength(1);
    await sink.close();
  });

  test('of a target that knows ids, takes 409 for a request that is still under way', async () => {
    const sink = await open(await serve(() => ({ status: 409 })), IDEMPOTENT, EFFECTIVELY);
    expect(codes(await sink.write([put(1, 'a')], running()))).toEqual(['PIO_SINK_UNAVAILABLE']);
    await sink.close();
  });

  test('gives up a request that is not answered in time', async () => {
    const sink = await open(await serve(() => undefined), { requestTimeoutMs: 100 });
    const [result] = await sink.write([put(1, 'a')], running());
    expect(result).toMatchObject({
      error: { code: 'PIO_SINK_UNAVAILABLE', message: expect.stringContaining('in time') },
    });
    await sink.close();
  });

  test('rejects a body that is too large before it sends it', async () => {
    const sink = await open(await serve(), { maxBodyBytes: 4 });
    expect(codes(await sink.write([put(1, 'äää'), put(2, 'ää')], running()))).toEqual(['PIO_RECORD_TOO_LARGE', 'ok']);
    expect(server.seen).toHaveLength(1);
    await sink.close();
  });

  test('sends several records in one request, as an array or as lines, and rejects what is not JSON', async () => {
    const url = await serve();
    const records = [put(1, '{"n":9007199254740993}'), put(2, 'no json sekrit'), put(3, '[\n1.0]'), put(4, null)];
    for (const batchFormat of ['json-array', 'ndjson']) {
      const sink = await open(url, { batchSize: 10, batchFormat });
      const results = await sink.write(records, running());
      expect(codes(results)).toEqual(['ok', 'PIO_SINK_REJECTED', 'ok', 'ok']);
      expect(JSON.stringify(results)).not.toContain('sekrit');
      await sink.close();
    }
    expect(server.seen.map(({ body }) => body)).toEqual([
      '[{"n":9007199254740993},[\n1.0],null]',
      '{"n":9007199254740993}\n[1]\nnull\n',
    ]);
    expect(server.seen[1]?.headers['content-type']).toBe('application/x-ndjson');
    expect(httpSink.maxBatchRecords?.(configOf(httpSink, { batchSize: 10 }))).toBe(10);
  });

  test('throws what became of a batch, so that the record that is to blame is looked for', async () => {
    const sink = await open(await serve(() => ({ status: 400 })), { batchSize: 10 });
    await expect(sink.write([put(1, '1'), put(2, '2')], running())).rejects.toMatchObject({
      code: 'PIO_SINK_REJECTED',
      disposition: 'reject',
    });
    await sink.close();
  });

  test('does not connect to a link-local address, whatever stands for it', async () => {
    // Checked at create; a run meets it behind a name, which an address that nobody checked stands for here.
    const sink = await open('http://169.254.169.254/latest/meta-data');
    const [result] = await sink.write([put(1, 'a')], running());
    expect(result).toMatchObject({
      error: { code: 'PIO_SINK_MISCONFIGURED', message: expect.stringMatching(/link-local.*allowLinkLocal/) },
    });
    await sink.close();
  });

  test('trusts the authority that it is given, and nobody else', async () => {
    const fixture = (name: string) => readFileSync(new URL(`../pulsar/fixtures/${name}`, import.meta.url), 'utf8');
    const cert = fixture('localhost.cert.pem');
    const secure = createServer({ cert, key: fixture('localhost.key.pem') }, (request, response) => {
      request.resume();
      response.end();
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const url = `https://localhost:${(secure.address() as AddressInfo).port}`;
    const stranger = await open(url);
    expect(codes(await stranger.write([put(1, 'a')], running()))).toEqual(['PIO_SINK_MISCONFIGURED']);
    const sink = await open(url, { caCertificate: cert });
    expect(codes(await sink.write([put(1, 'a')], running()))).toEqual(['ok']);
    await Promise.all([stranger.close(), sink.close()]);
    secure.closeAllConnections();
    secure.close();
  });
});

describe('the configuration of the http sink', () => {
  test("takes Pulsar's keys, and has its defaults", () => {
    expect(problemsOf(httpSink, {})).toEqual([]);
    expect(configOf(httpSink, {})).toMatchObject({ url: 'http://localhost', headers: {} });
    expect(problemsOf(httpSink, { url: 'https://example.org/hook' })).toEqual([]);
    expect(problemsOf(httpSink, { headers: { header1: 'value1', 'header-2': 'value 2' } })).toEqual([]);
  });

  test('refuses what cannot work, and says where', () => {
    expect(problemsOf(httpSink, { url: 'ftp://h' })).toEqual(['/configs/url']);
    expect(problemsOf(httpSink, { url: 'http://u:p@h' })).toEqual(['/configs/url']);
    expect(problemsOf(httpSink, { caCertificate: 'pem' })).toEqual(['/configs/caCertificate']);
    for (const host of ['169.254.169.254', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.170.2]', '0xa9fea9fe']) {
      expect(problemsOf(httpSink, { url: `http://${host}/latest` })).toEqual(['/configs/url']);
      expect(problemsOf(httpSink, { url: `http://${host}/latest`, allowLinkLocal: true })).toEqual([]);
    }
    for (const host of ['127.0.0.1', '127.9.9.9', '[::1]', '[::ffff:127.0.0.1]']) {
      expect(isLinkLocal(host, ownSurroundings(true))).toBe(true);
      expect(isLinkLocal(host, ownSurroundings(false))).toBe(false);
    }
    for (const host of ['10.0.0.1', '192.168.1.1', '127.0.0.1', '[::1]', '[fd12::1]', 'fe80.example'])
      expect(problemsOf(httpSink, { url: `http://${host}/` })).toEqual([]);
    expect(problemsOf(httpSink, { headers: { 'a b': 'c' } })).toEqual(['/configs/headers']);
    expect(problemsOf(httpSink, { headers: { Host: 'c' } })).toEqual(['/configs/headers']);
    expect(problemsOf(httpSink, { headers: { a: 'c\n' } })).toEqual(['/configs/headers']);
    expect(problemsOf(httpSink, { idempotencyHeader: 'a b' })).toEqual(['/configs/idempotencyHeader']);
    expect(problemsOf(httpSink, { authorization: 'a\nb' })).toEqual(['/configs/authorization']);
    expect(problemsOf(httpSink, { batchSize: 2, concurrency: 2 })).toEqual(['/configs/concurrency']);
  });

  test('refuses EFFECTIVELY_ONCE where the target cannot know a record again, or its order is not kept', () => {
    const of = (more: Record<string, unknown>) => problemsOf(httpSink, more, 'EFFECTIVELY_ONCE');
    expect(of({})).toEqual(['/configs/idempotencyHeader']);
    expect(of(IDEMPOTENT)).toEqual([]);
    expect(of({ ...IDEMPOTENT, batchSize: 2 })).toEqual(['/configs/batchSize']);
    expect(of({ ...IDEMPOTENT, concurrency: 2 })).toEqual(['/configs/concurrency']);
  });
});
