import { afterEach, expect, test } from '@jest/globals';
import { opensearchHarness, opensearchOutageHarness, opensearchTarget } from '../connectors/opensearch-target.ts';
import { sinkContract, sinkRecord, versionedSinkContract } from '../contracts/sink.ts';
import {
  type SinkSchemaHarness,
  sinkOutageContract,
  sinkSchemaContract,
  sinkValuesContract,
} from '../contracts/sink-trouble.ts';
import { code, codes } from '../kit/failures.ts';
import { describeReal, startOpensearch, useOpensearch } from '../services/index.ts';

const running = () => new AbortController().signal;
const put = (n: number, key: string, value: unknown) => sinkRecord(n, { key, value: JSON.stringify(value) });
const EFFECTIVELY = { guarantee: 'EFFECTIVELY_ONCE' } as const;

describeReal('the elastic_search sink on OpenSearch', ['opensearch'], () => {
  sinkContract('elastic_search', () => opensearchHarness(useOpensearch()));
  sinkContract('elastic_search under ATLEAST_ONCE, with schemas and small requests', () =>
    opensearchHarness(useOpensearch(), {}, { schemaEnable: true, bulkActions: 7, compressionEnabled: true }),
  );
  versionedSinkContract('elastic_search', () => opensearchHarness(useOpensearch()));
  sinkOutageContract('elastic_search', () => opensearchOutageHarness(useOpensearch()));
  sinkSchemaContract('elastic_search', async (): Promise<SinkSchemaHarness> => {
    const target = opensearchTarget(useOpensearch());
    await target.call('PUT', target.index, { mappings: { dynamic: 'strict', properties: { v: { type: 'keyword' } } } });
    return {
      open: () => target.open(),
      record: (n, key, v, added) => put(n, key, { v, ...(added !== undefined && { added }) }),
      widen: async () =>
        void (await target.call('PUT', `${target.index}/_mapping`, { properties: { added: { type: 'keyword' } } })),
      remove: async () => {
        await target.call('POST', `${target.index}/_close`);
        return async () => void (await target.call('POST', `${target.index}/_open?wait_for_active_shards=1`));
      },
      row: async (key) =>
        (await target.hits()).find(({ _id }) => _id === key)?._source as { v: string; added?: string } | undefined,
      dispose: target.dispose,
    };
  });
  sinkValuesContract(
    'elastic_search',
    async () => {
      const target = opensearchTarget(useOpensearch());
      return {
        open: () => target.open({ schemaEnable: true, stripNulls: false }),
        record: (n, kind, value) => sinkRecord(n, { key: kind, value: `{"value":${value}}` }),
        // As text, for the digits.
        read: async (kind) => {
          const answer = await fetch(`${useOpensearch().url}/${target.index}/_source/${encodeURIComponent(kind)}`);
          return answer.text();
        },
        dispose: target.dispose,
      };
    },
    {
      binary: 'JSON has none; a schema’s bytes come as base64 text',
      boolean: { given: 'true', expected: '{"value":true}' },
      'integer beyond 2^53': { given: '9007199254740993', expected: '{"value":9007199254740993}' },
      decimal: { given: '1234567890.0123456789', expected: '{"value":1234567890.0123456789}' },
      date: { given: '"2024-02-29"', expected: '{"value":"2024-02-29"}' },
      timestamp: { given: '"2024-02-29T23:59:59.123456Z"', expected: '{"value":"2024-02-29T23:59:59.123456Z"}' },
      'null field': { given: 'null', expected: '{"value":null}' },
      nested: {
        given: '{"a":[{"b":"ž"}],"n":9007199254740993}',
        expected: '{"value":{"a":[{"b":"ž"}],"n":9007199254740993}}',
      },
    },
  );

  let target: ReturnType<typeof opensearchTarget> | undefined;
  const fresh = () => {
    target = opensearchTarget(useOpensearch());
    return target;
  };
  afterEach(async () => {
    await target?.dispose();
    target = undefined;
  });

  test('writes versions under EFFECTIVELY_ONCE, and leaves of a deleted document its time', async () => {
    const { open, hits } = fresh();
    const sink = await open({}, EFFECTIVELY);
    await sink.write([put(1, 'a', { v: 1 }), put(2, 'b', { v: 2 }), sinkRecord(3, { key: 'b' })], running());
    await sink.write([sinkRecord(4, { key: 'c' }), put(2, 'b', { v: 2 })], running());
    expect((await hits()).map(({ _id, _version, _source }) => [_id, _version, _source]).sort()).toEqual([
      ['a', 1_700_000_000_000_001, { v: 1 }],
      ['b', 1_700_000_000_000_003, { pulsar_io_deleted: '2023-11-14T22:13:20.003Z' }],
      ['c', 1_700_000_000_000_004, { pulsar_io_deleted: '2023-11-14T22:13:20.004Z' }],
    ]);
    expect(codes(await sink.write([put(5, 'd', { pulsar_io_deleted: 'x' })], running()))).toEqual([
      'PIO_SINK_REJECTED',
    ]);
    await sink.close();
  });

  test('deletes under ATLEAST_ONCE, and writes without versions', async () => {
    const { open, hits } = fresh();
    const sink = await open();
    await sink.write([put(9, 'a', { v: 1 }), put(2, 'b', { v: 2 }), sinkRecord(3, { key: 'b' })], running());
    expect(codes(await sink.write([put(1, 'a', { v: 2 }), sinkRecord(4, { key: 'none' })], running()))).toEqual([
      'ok',
      'ok',
    ]);
    expect((await hits()).map(({ _id, _version, _source }) => [_id, _version, _source])).toEqual([['a', 2, { v: 2 }]]);
    await sink.close();
  });

  test('gives a record without key an id that a repeat has again, under each guarantee', async () => {
    const { open, hits } = fresh();
    for (const guarantee of ['ATLEAST_ONCE', 'EFFECTIVELY_ONCE'] as const) {
      const sink = await open({ keyIgnore: true }, { guarantee });
      const records = [put(1, 'same', { v: 1 }), put(2, 'same', { v: 2 }), sinkRecord(3, { key: 'same' })];
      for (let repeat = 0; repeat < 2; repeat++)
        expect(codes(await sink.write(records, running()))).toEqual(['ok', 'ok', 'ok']);
      await sink.close();
    }
    expect((await hits()).map(({ _id }) => _id).sort()).toEqual([
      'persistent://public/default/in 7:1',
      'persistent://public/default/in 7:2',
    ]);
  });

  test('creates indices where it is asked to, by topic and by event time, and says which cannot be', async () => {
    const { open, call, hits, index } = fresh();
    const indexName = `${index}-%{+yyyy.MM}`;
    const more = { indexName, createIndexIfNeeded: true, indexNumberOfShards: 3 };
    const sink = await open(more);
    const records = [
      { ...put(1, 'a', { v: 1 }), eventTimeMs: Date.UTC(2022, 1, 18) },
      { ...put(2, 'b', { v: 2 }), eventTimeMs: Date.UTC(2022, 2, 1) },
      put(3, 'c', { v: 3 }),
    ];
    expect(codes(await sink.write(records, running()))).toEqual(['ok', 'ok', 'PIO_SINK_REJECTED']);
    expect((await hits(`${index}-2022.02`)).map(({ _id }) => _id)).toEqual(['a']);
    const found = (await call('GET', `${index}-2022.03/_settings`))[`${index}-2022.03`];
    expect(found).toMatchObject({ settings: { index: { number_of_shards: '3', number_of_replicas: '0' } } });
    await sink.close();
    const named = await open({ createIndexIfNeeded: true }, { guarantee: 'EFFECTIVELY_ONCE' });
    const to = (n: number, destination: string) => ({
      ...sinkRecord(n, { key: 'k', value: `{"n":${n}}` }),
      destination,
    });
    const routed = [to(2, `${index}-by-field`), to(1, `${index}-by-field`), to(3, 'NO WAY'), to(4, `${index}-other`)];
    expect(codes(await named.write(routed, running()))).toEqual(['ok', 'ok', 'PIO_SINK_REJECTED', 'ok']);
    expect((await hits(`${index}-by-field`)).map(({ _source }) => _source.n)).toEqual([2]);
    expect((await hits(`${index}-other`)).map(({ _source }) => _source.n)).toEqual([4]);
    await named.close();

    const byTopic = await open({ indexName: '', createIndexIfNeeded: true });
    const topics = [`persistent://public/default/${index}-Upper`, 'persistent://public/default/über'];
    const results = await byTopic.write(
      topics.map((topic) => ({ ...put(1, 'a', { v: 1 }), topic })),
      running(),
    );
    expect(codes(results)).toEqual(['ok', 'PIO_SINK_REJECTED']);
    expect((await hits(`${index}-upper`)).map(({ _id }) => _id)).toEqual(['a']);
    await byTopic.close();
  });

  test('rejects what no document can be, says why, and drops it where the configuration says so', async () => {
    const { open, call, hits, index } = fresh();
    await call('PUT', index, { mappings: { properties: { age: { type: 'integer' } } } });
    const records = [
      sinkRecord(1, { key: 'a', value: '{"x":' }),
      sinkRecord(2, { key: 'b', value: '["sekrit"]' }),
      put(3, 'c', { age: 'sekrit' }),
      put(4, 'k'.repeat(513), {}),
      put(5, 'e', { age: 5 }),
      sinkRecord(6, { key: 'f', value: '{"x":1}\n{"delete":{"_id":"e"}}' }),
      sinkRecord(7, { key: 'g', value: '' }),
    ];
    const sink = await open({ stripNonPrintableCharacters: false });
    const results = await sink.write(records, running());
    expect(results.map(({ ok }) => ok)).toEqual([false, false, false, false, true, false, false]);
    for (const result of results) if (!result.ok) expect(result.error.message).not.toContain('sekrit');
    expect(results[2]).toEqual({
      ok: false,
      error: code('PIO_SINK_REJECTED', 'mapper_parsing_exception, the field age is of type integer'),
    });
    expect(await sink.write([sinkRecord(8, { key: 'h', value: '{\r\n"age":\n8}' })], running())).toEqual([
      { ok: true },
    ]);
    await sink.close();
    for (const malformedDocAction of ['IGNORE', 'WARN']) {
      const dropping = await open({ malformedDocAction });
      expect((await dropping.write(records, running())).map(({ ok }) => ok)).toEqual(records.map(() => true));
      await dropping.close();
    }
    expect((await hits()).map(({ _id, _source }) => [_id, _source]).sort()).toEqual([
      ['e', { age: 5 }],
      ['h', { age: 8 }],
    ]);
  });

  test('says PIO_SINK_MISCONFIGURED where a deletion cannot be kept, or the index does not exist', async () => {
    const { open, call, index } = fresh();
    await call('PUT', index, { mappings: { dynamic: 'strict', properties: { v: { type: 'integer' } } } });
    const sink = await open({ malformedDocAction: 'IGNORE' }, EFFECTIVELY);
    const results = await sink.write([put(1, 'a', { v: 1 }), sinkRecord(2, { key: 'a' })], running());
    expect(codes(results)).toEqual(['ok', 'PIO_SINK_MISCONFIGURED']);
    await sink.close();
    const bad = await open({ indexName: 'NO' });
    expect(codes(await bad.write([put(1, 'a', { v: 1 })], running()))).toEqual(['PIO_SINK_MISCONFIGURED']);
    await bad.close();
  });

  test('rejects a record that the server takes in no request, and writes those that were sent with it', async () => {
    const { open, hits } = fresh();
    const sink = await open({ bulkActions: -1, bulkSizeInMb: -1 });
    const large = (n: number, megabytes: number) => put(n, `l${n}`, { v: { w: 'x'.repeat(megabytes << 20) } });
    const results = await sink.write(
      [put(1, 'a', { n: 1 }), large(2, 21), put(3, 'b', { n: 3 }), put(4, 'c', { n: 4 })],
      running(),
    );
    expect(codes(results)).toEqual(['ok', 'PIO_RECORD_TOO_LARGE', 'ok', 'ok']);
    expect((await hits()).map(({ _id }) => _id).sort()).toEqual(['a', 'b', 'c']);
    await sink.close();
  });

  test('keeps what it acknowledged when the server is killed, versions of deletions too', async () => {
    await using server = await startOpensearch();
    const { open, hits } = opensearchTarget(server.address);
    const sink = await open({}, EFFECTIVELY);
    const records = [put(1, 'a', { v: 1 }), put(2, 'b', { v: 2 }), sinkRecord(3, { key: 'b' })];
    expect(codes(await sink.write(records, running()))).toEqual(['ok', 'ok', 'ok']);
    await server.kill();
    expect(codes(await sink.write(records, running()))).toEqual(Array(3).fill('PIO_SINK_UNAVAILABLE'));
    await sink.close();
    await server.restart();
    const successor = await open({}, EFFECTIVELY);
    expect(codes(await successor.write([put(2, 'b', { v: 2 })], running()))).toEqual(['ok']);
    expect((await hits()).map(({ _id, _source }) => [_id, Object.keys(_source)]).sort()).toEqual([
      ['a', ['v']],
      ['b', ['pulsar_io_deleted']],
    ]);
    await successor.close();
  });
});
