import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createControlPlane } from '../../src/control-plane/index.ts';
import { planted } from '../kit/planted.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';
import { eventOf, formBody } from './requests.ts';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

const FORM = 'multipart/form-data; boundary=test-boundary-4f1a';

describe('paths', () => {
  test('serves singular and plural, with and without a trailing slash, for both kinds', async () => {
    await api.createSource('r1', SOURCE);
    await api.createSink('s1', SINK);
    for (const path of ['sources/public/default', 'source/public/default', 'sources/public/default/']) {
      expect((await api.get(path)).json).toEqual(['r1']);
    }
    expect((await api.get('sink/public/default')).json).toEqual(['s1']);
    expect((await api.get('sink/public/default/r1')).reason).toBe("Sink r1 doesn't exist");
  });

  test.each([
    ['/'],
    ['/admin/v2/sinks/public/default'],
    ['/admin/v3/functions/public/default'],
    ['/admin/v3/sinks'],
    ['/admin/v3/sinks/public'],
    ['/admin/v3/sinks/builtinsources'],
    ['/admin/v3/sinks//default/s1'],
    ['/admin/v3/sinks/public/default/s1/pause'],
    ['/admin/v3/sinks/public/default/s1/0/pause'],
    ['/admin/v3/sinks/public/default/s1/0/status/more'],
  ])('answers 404 for %s', async (path) => {
    expect(await api.send({ method: 'GET', path })).toMatchObject({ status: 404, reason: expect.any(String) });
  });

  test('answers 405 with the methods that are possible', async () => {
    const answer = await api.send({ method: 'PATCH', path: '/admin/v3/sinks/public/default/s1' });
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST,PUT,DELETE,GET,OPTIONS' } });
    expect(answer.reason).toContain('possible are POST, PUT, DELETE, GET');
  });

  test('answers HEAD like GET without a body', async () => {
    expect(await api.send({ method: 'HEAD', path: '/admin/v3/sinks/public/default' })).toMatchObject({
      status: 200,
      text: '',
    });
    expect(await api.send({ method: 'HEAD', path: '/admin/v3/sinks/public/default/no' })).toMatchObject({
      status: 404,
    });
  });

  test('strips the stage that a named stage puts in front', async () => {
    const event = eventOf({ method: 'GET', path: '/dev/admin/v3/sinks/public/default' });
    const staged = { ...event, requestContext: { ...event.requestContext, stage: 'dev' } };
    const answer = await createControlPlane(api.deps)(staged, AbortSignal.timeout(60_000));
    expect(answer).toMatchObject({ statusCode: 200, body: '[]' });
  });

  test('reads names percent-encoded or decoded, as gateways differ', async () => {
    await api.createSource('é b', SOURCE);
    expect((await api.get('sources/public/default/%C3%A9%20b')).json).toMatchObject({ name: 'é b' });
    expect((await api.get('sources/public/default/é b')).json).toMatchObject({ name: 'é b' });
  });

  test.each([
    ['a%2Fb', 'must not contain a slash'],
    ['a%5Cb', 'must not contain a slash, a backslash'],
    ['a%2525b', 'percent sign'],
    ['a%00b', 'control characters'],
    ['a%0Ab', 'control characters'],
    ['%2E%2E', 'must be a name, not ".."'],
    ['%20', 'must be a name, not " "'],
    ['%E0%A4', 'not valid percent-encoded'],
    ['n'.repeat(321), 'has 321 bytes; at most 320 are taken'],
  ])('refuses the name %s', async (name, reason) => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await api.send({ method, path: `/admin/v3/sinks/public/default/${name}` });
      expect(answer).toMatchObject({ status: 400, reason: expect.stringContaining(reason) });
    }
  });
});

describe('bodies', () => {
  const path = '/admin/v3/sinks/public/default/s1';
  const part = { name: 'sinkConfig', contentType: 'application/json', body: JSON.stringify(SINK) };

  test.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/mixed; boundary=x'])(
    'refuses a create of type %s with 415',
    async (contentType) => {
      const answer = await api.send({ method: 'POST', path, contentType, body: '{}' });
      expect(answer).toMatchObject({ status: 415, reason: expect.stringContaining('multipart/form-data') });
    },
  );

  test('refuses a form-urlencoded start with 415 and takes an empty JSON one', async () => {
    await api.createSource('r1', SOURCE);
    const start = { method: 'POST', path: '/admin/v3/sources/public/default/r1/stop' };
    expect((await api.send({ ...start, contentType: 'application/x-www-form-urlencoded', body: '' })).status).toBe(415);
    expect((await api.send({ ...start, contentType: 'application/json', body: '' })).status).toBe(204);
  });

  test('refuses more than a megabyte with 413, encoded or not', async () => {
    const big = { ...part, body: ' '.repeat(1024 * 1024) };
    for (const base64 of [false, true]) {
      const answer = await api.send({ method: 'POST', path, parts: [big], base64 });
      expect(answer).toMatchObject({ status: 413, reason: expect.stringContaining('at most 1048576') });
    }
  });

  test.each([
    ['no boundary', { contentType: 'multipart/form-data', body: 'x' }],
    ['a cut end', { contentType: FORM, body: formBody([part]).slice(0, -40) }],
    ['no parts', { contentType: FORM, body: 'nothing that looks like a form' }],
    ['an empty body', { contentType: FORM, body: '' }],
    ['too many parts', { contentType: FORM, body: formBody(Array.from({ length: 30 }, () => part)) }],
  ])('refuses a form with %s', async (_what, body) => {
    const answer = await api.send({ method: 'POST', path, ...body });
    expect(answer).toMatchObject({ status: 400, reason: expect.any(String) });
  });

  test.each([
    ['{nope', 'is not valid JSON: it breaks at position 1'],
    ['', 'is not valid JSON'],
    ['[1]', 'must be an object'],
    ['"text"', 'must be an object'],
    ['null', 'Sink config is not provided'],
    [`${'{"configs":'.repeat(100)}1${'}'.repeat(100)}`, 'nested deeper than 64 levels'],
  ])('refuses the configuration %.20s', async (body, reason) => {
    const answer = await api.send({ method: 'POST', path, parts: [{ ...part, body }] });
    expect(answer).toMatchObject({ status: 400, reason: expect.stringContaining(reason) });
  });

  test('never repeats what stood in a broken configuration', async () => {
    const body = `{"configs": {"password": ${planted('hunter2')}}}`;
    const answer = await api.send({ method: 'POST', path, parts: [{ ...part, body }] });
    expect(answer.reason).not.toContain('hunter2');
  });

  test('takes names that are those of prototypes as any others', async () => {
    const body =
      '{"inputs":["in"],"archive":"builtin://http","configs":{"__proto__":{"url":"x"},"constructor":1},"inputSpecs":{"__proto__":{}}}';
    const answer = await api.send({ method: 'POST', path, parts: [{ ...part, body }] });
    expect(answer.reason).toMatch(/\/configs\/__proto__ is not known.*\/configs\/constructor is not known/);
    await api.createSink('constructor', SINK);
    expect((await api.get('sinks/public/default/constructor')).json).toMatchObject({ name: 'constructor' });
    expect((await api.updateSink('constructor', { inputs: ['toString'] })).reason).toBe(
      'Input Topics cannot be altered',
    );
  });
});

describe('events as API Gateway sends them', () => {
  test.each([
    ['admin-create-source', 204],
    ['admin-create-sink', 204],
    ['admin-update-source', 204],
    ['admin-status', 200],
    ['admin-stop', 204],
    ['admin-delete', 204],
  ])('answers %s with %i', async (name, status) => {
    await api.createSource('persons', { ...SOURCE, topicName: 'persons' });
    if (name === 'admin-create-source') await api.remove('sources/public/default/persons');
    const event = JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));
    expect(await createControlPlane(api.deps)(event, AbortSignal.timeout(60_000))).toMatchObject({
      statusCode: status,
    });
  });
});

describe('failures', () => {
  test('answers an unexpected error with 500, tells nothing of it, and reports it', async () => {
    const error = new Error(`password=${planted('hunter2')} at pk connectors#1`);
    const broken = await startControlPlane({ registry: { ...api.deps.registry, get: () => Promise.reject(error) } });
    const answer = await broken.get('sinks/public/default/s1');
    expect(answer.status).toBe(500);
    expect(answer.reason).toMatch(/request-1/);
    expect(answer.reason).not.toMatch(/hunter2|connectors/);
    expect(broken.errors).toEqual([error]);
    broken.close();
  });

  test('answers 503 when the store does not answer', async () => {
    const { PulsarIoError } = await import('../../src/core/errors.ts');
    const error = new PulsarIoError('PIO_STORE_UNAVAILABLE', 'table secret-table did not answer');
    const broken = await startControlPlane({ registry: { ...api.deps.registry, get: () => Promise.reject(error) } });
    const answer = await broken.get('sinks/public/default/s1');
    expect(answer).toMatchObject({
      status: 503,
      reason: expect.stringContaining('The checkpoint store did not answer'),
    });
    expect(answer.reason).not.toContain('secret-table');
    broken.close();
  });
});
