import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cloud } from './cloud/index.ts';
import { FragileBroker } from './trouble-broker.ts';
import { newTopic, sinkConfig, sourceConfig, startTroubledCloud, Table } from './trouble-world.ts';

interface Answer {
  readonly status: number;
  readonly reason: string;
}

describe('a request in trouble', () => {
  let broker: FragileBroker;
  let cloud: Cloud;
  let table: Table;
  beforeAll(async () => {
    broker = await (await FragileBroker.reserve()).start();
    cloud = await startTroubledCloud(broker);
    table = new Table();
  });
  afterAll(async () => {
    table[Symbol.dispose]();
    await cloud[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
  });

  const ask = async (
    method: string,
    path: string,
    body?: string | FormData,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const init = body === undefined ? { method, headers } : { method, headers, body };
    const response = await fetch(`${cloud.url}/admin/v3/${path}`, init);
    const text = await response.text();
    return { status: response.status, reason: text === '' ? '' : (JSON.parse(text) as { reason: string }).reason };
  };

  const part = (name: string, text: string, type = 'application/json'): FormData => {
    const form = new FormData();
    form.append(name, new Blob([text], { type }));
    return form;
  };

  const source = (more: object = {}) => JSON.stringify({ ...sourceConfig('/tmp/none', newTopic()), ...more });
  const sink = (more: object = {}) => JSON.stringify({ ...sinkConfig(table, newTopic()), ...more });
  const createSource = (text: string, path = 'sources/public/default/none') =>
    ask('POST', path, part('sourceConfig', text));
  const createSink = (text: string, path = 'sinks/public/default/none') => ask('POST', path, part('sinkConfig', text));

  const refusals: readonly (readonly [string, () => Promise<Answer>, RegExp, number?])[] = [
    [
      'an unknown connector type',
      () => createSource(source({ archive: 'builtin://no-such-type' })),
      /^Built-in source is not available$/,
    ],
    [
      'a sink type for a source',
      () => createSource(source({ archive: 'builtin://cassandra' })),
      /^Failed to extract source class from archive$/,
    ],
    ['no connector type', () => createSink(sink({ archive: undefined })), /^Sink package is not provided$/],
    [
      'a missing required key',
      () => createSink(sink({ configs: { tableName: 'arrived' } })),
      /\/configs\/jdbcUrl is required/,
    ],
    [
      'neither of two keys, of which one is needed',
      () => createSource(source({ configs: {} })),
      /\/configs\/path give exactly one of path and inputDirectory/,
    ],
    [
      'an unknown key in configs',
      () => createSink(sink({ configs: { ...table.configs, tabelName: 'x' } })),
      /\/configs\/tabelName is not known; known are .*tableName/,
    ],
    [
      'a misspelt guarantee',
      () => createSink(sink({ processingGuarantees: 'EXACTLY_ONCE' })),
      /processingGuarantees in the part sinkConfig must be one of ATLEAST_ONCE, ATMOST_ONCE, EFFECTIVELY_ONCE/,
    ],
    [
      'a guarantee that the type cannot hold',
      () => createSource(source({ archive: 'builtin://http', configs: {} })),
      /A http source cannot hold EFFECTIVELY_ONCE\. Use .*ATLEAST_ONCE.*sources that can: .*file/,
    ],
    [
      'a guarantee that the configuration cannot hold',
      () => createSource(source({ configs: { path: '/tmp/none', lastLine: 'take' } })),
      /cannot hold EFFECTIVELY_ONCE as it is configured: \/configs\/lastLine must be wait/,
    ],
    [
      'malformed JSON',
      () => createSink('{"inputs": ["a",]}'),
      /The part sinkConfig is not valid JSON: it breaks at position 16/,
    ],
    ['JSON that is no object', () => createSink('[]'), /The part sinkConfig must be an object/],
    [
      'a missing part',
      () => ask('POST', 'sinks/public/default/none', part('sourceConfig', '{}')),
      /^Sink config is not provided$/,
    ],
    [
      'a part that is not declared as JSON',
      () => ask('POST', 'sinks/public/default/none', part('sinkConfig', sink(), 'text/plain')),
      /^Sink config is not provided$/,
    ],
    ['a wrong topic of a source', () => createSource(source({ topicName: 'a/b' })), /^Topic name is invalid$/],
    [
      'a wrong input',
      () => createSink(sink({ inputs: ['persistent://public/default'] })),
      /Input topic persistent:\/\/public\/default is invalid/,
    ],
    ['no inputs', () => createSink(sink({ inputs: [] })), /at least one topic of input/],
    ['an unknown tenant', () => createSink(sink(), 'sinks/nobody/default/none'), /Tenant does not exist.*/],
    ['an unknown namespace', () => createSink(sink(), 'sinks/public/nowhere/none'), /Namespace does not exist.*/],
    [
      'an unknown path',
      () => ask('GET', 'functions/public/default'),
      /\/admin\/v3\/sources and \/admin\/v3\/sinks/,
      404,
    ],
    [
      'a body of JSON alone',
      () => ask('POST', 'sinks/public/default/none', sink(), { 'content-type': 'application/json' }),
      /multipart\/form-data.*-F 'sinkConfig=/,
      415,
    ],
    [
      'a body that is too large',
      () => createSink(sink({ runtimeFlags: 'x'.repeat(1_100_000) })),
      /has \d+ bytes; at most 1048576 are taken/,
      413,
    ],
    ['a parallelism of nothing', () => createSink(sink({ parallelism: 0 })), /parallelism must be a positive number/],
    [
      'an update of what does not exist',
      () => ask('PUT', 'sinks/public/default/none', part('sinkConfig', sink())),
      /Sink none doesn't exist/,
    ],
    [
      'a status of what does not exist',
      () => ask('GET', 'sinks/public/default/none/status'),
      /Sink none doesn't exist/,
      404,
    ],
    [
      'a deletion of what does not exist',
      () => ask('DELETE', 'sources/public/default/none'),
      /Source none doesn't exist/,
      404,
    ],
  ];

  test.each(refusals)('refuses %s', async (_what, attempt, expected, status = 400) => {
    expect(await attempt()).toEqual({ status, reason: expect.stringMatching(expected) });
  });

  test('leaves nothing behind of what it refused', async () => {
    for (const kind of ['sources', 'sinks']) {
      const response = await fetch(`${cloud.url}/admin/v3/${kind}/public/default`);
      expect(await response.json()).toEqual([]);
    }
  });

  test('refuses a name that the other kind has, and commands that change nothing', async () => {
    const path = 'public/default/shared';
    const done = { status: 204, reason: '' };
    expect(await createSink(sink(), `sinks/${path}`)).toEqual(done);
    expect(await createSource(source(), `sources/${path}`)).toEqual({
      status: 400,
      reason: 'Source shared already exists',
    });
    expect(await createSink(sink(), `sinks/${path}`)).toEqual({ status: 400, reason: 'Sink shared already exists' });
    expect(await ask('POST', `sinks/${path}/start`)).toEqual({ status: 400, reason: 'Operation not permitted' });
    expect(await ask('POST', `sources/${path}/stop`)).toEqual({ status: 404, reason: "Source shared doesn't exist" });
    expect(await ask('POST', `sinks/${path}/stop`)).toEqual(done);
    expect(await ask('POST', `sinks/${path}/stop`)).toEqual({ status: 400, reason: 'Operation not permitted' });
    expect(await ask('POST', `sinks/${path}/7/restart`)).toEqual({
      status: 400,
      reason: expect.stringMatching(/shared\/7 doesn't exist/),
    });
    expect(await ask('DELETE', `sources/${path}`)).toEqual({ status: 404, reason: "Source shared doesn't exist" });
    expect(await ask('DELETE', `sinks/${path}`)).toEqual(done);
  });
});
