import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ControlPlane, createControlPlane } from '../../src/control-plane/index.ts';
import { SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';
import { eventOf, formBody } from './requests.ts';

let api: TestControlPlane;
let controlPlane: ControlPlane;
beforeAll(async () => {
  api = await startControlPlane();
  controlPlane = createControlPlane(api.deps);
  await api.createSource('r1', SOURCE);
  await api.createSink('s1', SINK);
});
afterAll(() => {
  expect(api.errors).toEqual([]);
  api.close();
});

const RUNS = { numRuns: 300 };

/** An answer, never an exception, never a 500; every refusal has a reason. */
const expectOrderly = async (request: Parameters<typeof eventOf>[0]) => {
  const { statusCode, body } = await controlPlane(eventOf(request), AbortSignal.timeout(60_000));
  expect([statusCode, statusCode < 500]).toEqual([statusCode, true]);
  if (statusCode >= 400 && request.method !== 'HEAD') expect(JSON.parse(body ?? '').reason).toMatch(/./);
};

const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH');
const segment = fc.oneof(
  fc.constantFrom(
    'public',
    'default',
    'r1',
    's1',
    'status',
    'start',
    'restart',
    '0',
    '-1',
    'builtinsinks',
    'configdefinition',
    '',
  ),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed())),
);
const path = fc
  .tuple(fc.constantFrom('sinks', 'sink', 'sources', 'source', 'functions'), fc.array(segment, { maxLength: 6 }))
  .map(([kind, segments]) => `/admin/v3/${[kind, ...segments].join('/')}`);

/** Values of every shape in the place of every field. */
const FIELDS = [
  ...[
    'tenant',
    'name',
    'className',
    'archive',
    'configs',
    'secrets',
    'parallelism',
    'processingGuarantees',
    'resources',
  ],
  ...['topicName', 'producerConfig', 'schemaType', 'serdeClassName', 'batchSourceConfig', 'batchBuilder', 'logTopic'],
  ...[
    'inputs',
    'topicsPattern',
    'topicToSerdeClassName',
    'topicToSchemaType',
    'inputSpecs',
    'maxMessageRetries',
    'autoAck',
  ],
  ...['deadLetterTopic', 'timeoutMs', 'sourceSubscriptionName', 'sourceSubscriptionPosition', 'transformFunction'],
];
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(
    'builtin://http',
    'builtin://data-generator',
    'EFFECTIVELY_ONCE',
    'in',
    'persistent://public/default/x',
    '********',
    '2',
    -1,
  ),
);
const config = fc.dictionary(fc.oneof(fc.constantFrom(...FIELDS), fc.string({ maxLength: 5 })), value, { maxKeys: 8 });

describe('whatever comes in', () => {
  test('no path and method brings it down', async () => {
    await fc.assert(
      fc.asyncProperty(method, path, async (method, path) => expectOrderly({ method, path })),
      RUNS,
    );
  });

  test('no body brings it down', async () => {
    const contentType = fc.constantFrom(
      'multipart/form-data; boundary=test-boundary-4f1a',
      'multipart/form-data',
      'application/json',
      'x',
    );
    const body = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.tuple(fc.string({ maxLength: 40 }), fc.nat(400), fc.nat(400)).map(([text, from, length]) => {
        const whole = formBody([{ name: 'sinkConfig', contentType: 'application/json', body: text }]);
        return whole.slice(0, from) + whole.slice(from + (length % 50));
      }),
    );
    await fc.assert(
      fc.asyncProperty(contentType, body, fc.boolean(), async (contentType, body, base64) =>
        expectOrderly({ method: 'POST', path: '/admin/v3/sinks/public/default/f1', contentType, body, base64 }),
      ),
      RUNS,
    );
  });

  test('no configuration brings down a create or an update, and what was created can be read', async () => {
    const kinds = fc.constantFrom(
      { kind: 'source', base: SOURCE, name: 'r1' } as const,
      { kind: 'sink', base: SINK, name: 's1' } as const,
    );
    await fc.assert(
      fc.asyncProperty(kinds, config, fc.boolean(), async ({ kind, base, name }, changes, isUpdate) => {
        const body = JSON.stringify(isUpdate ? changes : { ...base, ...changes });
        const target = `/admin/v3/${kind}s/public/default/${isUpdate ? name : 'fuzzed'}`;
        const parts = [{ name: `${kind}Config`, contentType: 'application/json', body }];
        await expectOrderly({ method: isUpdate ? 'PUT' : 'POST', path: target, parts });
        await expectOrderly({ method: 'GET', path: target });
        await expectOrderly({ method: 'GET', path: `${target}/status` });
        await expectOrderly({ method: 'DELETE', path: `/admin/v3/${kind}s/public/default/fuzzed` });
      }),
      RUNS,
    );
  });
});
