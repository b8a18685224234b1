import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { kindWordsOf } from '../../src/control-plane/kind-words.ts';
import { routesOf } from '../../src/control-plane/routes.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';
import { formBody, type TestPart } from './requests.ts';

let api: TestControlPlane;
beforeAll(async () => {
  api = await startControlPlane();
  await api.createSource('r1', SOURCE);
  await api.createSink('s1', SINK);
});
afterEach(() => expect(api.errors).toEqual([]));
afterAll(() => api.close());

const FORM = 'multipart/form-data; boundary=test-boundary-4f1a';
const PATH = '/admin/v3/sinks/public/default/bad';
const CONFIG: TestPart = { name: 'sinkConfig', contentType: 'application/json', body: JSON.stringify(SINK) };

const refused = (status: number, reason: string) => ({ status, reason: expect.stringContaining(reason) });

/** Bytes of a form whose `~` is a byte that no UTF-8 has. */
const bytesOf = (form: string) => Buffer.from(form, 'latin1').map((byte) => (byte === 0x7e ? 0xff : byte)) as Buffer;

describe('parts of a form', () => {
  test.each([
    ['sinkConfig', [CONFIG, CONFIG]],
    ['updateOptions', [CONFIG, ...Array(2).fill({ ...CONFIG, name: 'updateOptions', body: '{}' })]],
    ['data', [CONFIG, ...Array(2).fill({ name: 'data', filename: 'x.nar', body: 'PK' })]],
    ['whatever', [CONFIG, ...Array(2).fill({ name: 'whatever', body: '' })]],
  ])('are refused when two have the name %s, whichever of them were right', async (name, parts) => {
    for (const method of ['POST', 'PUT'])
      expect(await api.send({ method, path: PATH, parts })).toMatchObject(
        refused(400, `it has two parts with the name "${name}"`),
      );
  });

  test.each([
    [
      'of the configuration',
      { ...CONFIG, body: '{"inputs":["~"]}' },
      '"sinkConfig" is not UTF-8: it breaks at byte 12',
    ],
    ['of another part', { name: 'more', body: 'a~' }, '"more" is not UTF-8: it breaks at byte 1'],
    [
      'that says it is in another character set',
      { ...CONFIG, contentType: 'application/json; charset=latin1', body: '"~"' },
      'breaks at byte 1',
    ],
  ])('are refused with the place of a byte that is no UTF-8: %s', async (_what, part, reason) => {
    const body = bytesOf(formBody([part]));
    expect(await api.send({ method: 'POST', path: PATH, contentType: FORM, body })).toMatchObject(refused(400, reason));
  });

  test('may hold any bytes in a package, which is not read', async () => {
    const body = bytesOf(formBody([CONFIG, { name: 'data', filename: 'x.nar', body: '~~' }]));
    const path = '/admin/v3/sinks/public/default/packaged';
    expect(await api.send({ method: 'POST', path, contentType: FORM, body })).toMatchObject({ status: 204 });
  });

  test.each([
    ['a line break', 'sink\r\nConfig'],
    ['a line feed', 'sink\nConfig'],
    ['nothing', ''],
    ['too much', 'n'.repeat(200)],
  ])('are refused when their name holds %s', async (_what, name) => {
    const answer = await api.send({ method: 'POST', path: PATH, parts: [{ ...CONFIG, name }] });
    expect(answer).toMatchObject({ status: 400, reason: expect.not.stringMatching(/[\r\n]/) });
  });

  test('may bring headers of their own, which are not heeded and do not come back', async () => {
    const name = 'sinkConfig"\r\nX-Injected: "1';
    const path = '/admin/v3/sinks/public/default/injected';
    const answer = await api.send({ method: 'POST', path, parts: [{ ...CONFIG, name }] });
    expect(answer).toMatchObject({ status: 204, headers: {}, text: '' });
  });

  test.each(['text/plain', 'application/xml', undefined])('of type %s are no configuration', async (contentType) => {
    const { contentType: _, ...bare } = CONFIG;
    const parts = [contentType ? { ...bare, contentType } : bare];
    expect(await api.send({ method: 'POST', path: PATH, parts })).toMatchObject(
      refused(400, 'Sink config is not provided'),
    );
  });
});

describe('JSON bodies', () => {
  const put = (body: string | Buffer, contentType = 'application/json') =>
    api.send({ method: 'PUT', path: '/admin/v3/sources/public/default/r1/positions', body, contentType });

  test.each([
    [Buffer.from([0x7b, 0x22, 0xc3, 0x28]), 'The body is not UTF-8: it breaks at byte 2'],
    ['{"a": nope}', 'The body is not valid JSON: it breaks at position 7'],
    ['{"a":', 'The body is not valid JSON: it ends too early'],
    [`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`, 'nested deeper than 64 levels'],
    ['[]', 'must be a JSON object'],
    [JSON.stringify(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [i, null]))), '1 to 1000 entries'],
  ])('are refused with the place: %.30s', async (body, reason) => {
    expect(await put(body)).toMatchObject(refused(400, reason));
  });

  test.each(['text/xml', FORM, 'application/octet-stream'])('of type %s are refused with 415', async (contentType) => {
    expect(await put('{"0":null}', contentType)).toMatchObject(refused(415, 'must be application/json'));
  });
});

const ROUTES = (['sinks', 'sources'] as const).flatMap((kind) =>
  routesOf(kindWordsOf(kind) as NonNullable<ReturnType<typeof kindWordsOf>>).map(
    ({ method, pattern, accepts }) => [`${method} /${kind}/${pattern}`, { method, kind, pattern, accepts }] as const,
  ),
);
const filled = ({ kind, pattern }: { kind: string; pattern: string }, name: string) =>
  `/admin/v3/${kind}/${pattern.replace(/\{(\w+)\}/g, (_, key: string) => (key === 'name' ? name : ({ tenant: 'public', namespace: 'default', instance: '0', type: 'file' }[key] ?? '')))}`;

describe('every route', () => {
  test.each(ROUTES)('%s answers 413 to a body over the limit, and looks at nothing of it', async (_title, route) => {
    const body = Buffer.alloc(1024 * 1024 + 1, 0x20);
    const answer = await api.send({ method: route.method, path: filled(route, 'no'), contentType: FORM, body });
    expect(answer).toMatchObject(refused(413, 'The request body has 1048577 bytes; at most 1048576 are taken'));
  });

  test.each(ROUTES.filter(([, { pattern }]) => pattern.includes('{name}')))(
    '%s refuses a name with a line break, and no header of the answer has it',
    async (_title, route) => {
      for (const name of ['x%0D%0ASet-Cookie:%20a=b', 'x\r\nSet-Cookie: a=b', 'x%E2%80%A8y']) {
        const answer = await api.send({ method: route.method, path: filled(route, name) });
        expect(answer).toMatchObject(refused(400, 'The name in the path must not contain control characters'));
        expect(Object.keys(answer.headers)).toEqual(['content-type']);
      }
    },
  );

  test.each(ROUTES.filter(([, { accepts }]) => accepts === 'multipart'))(
    '%s answers 415 to what is no form',
    async (_title, route) => {
      for (const contentType of ['application/json', 'text/plain', 'multipart/mixed; boundary=x', 'x'])
        expect(
          await api.send({ method: route.method, path: filled(route, 'no'), contentType, body: '{}' }),
        ).toMatchObject(refused(415, 'must be multipart/form-data'));
    },
  );
});

describe('headers of a request', () => {
  test('do not come back, whatever they hold', async () => {
    const headers = {
      'x-original-principal': 'a\r\nX-Injected: 1',
      authorization: 'Bearer a\r\nX-Injected: 1',
      origin: 'evil\r\nx: y',
    };
    const answer = await api.send({ method: 'GET', path: '/admin/v3/sinks/public/default', headers });
    expect(JSON.stringify([answer.headers, answer.text])).not.toMatch(/Injected|evil/);
  });
});
