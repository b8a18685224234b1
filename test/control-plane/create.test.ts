import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakePulsar, SINK, SOURCE, startControlPlane, type TestControlPlane } from './harness.ts';

let api: TestControlPlane;
beforeEach(async () => {
  api = await startControlPlane();
});
afterEach(() => api.close());

const stored = async (name: string) =>
  (await api.deps.registry.get({ tenant: 'public', namespace: 'default', name }))?.connector;

describe('create', () => {
  test('stores the connector with defaults and starts a run of every instance at once', async () => {
    expect(await api.createSink('s1', { ...SINK, parallelism: 2 })).toMatchObject({ status: 204, text: '' });
    expect(await stored('s1')).toMatchObject({
      kind: 'sink',
      uid: 'uid-1',
      type: 'http',
      generation: 1,
      instanceStates: {},
      restarts: {},
      config: { parallelism: 2, processingGuarantees: 'ATLEAST_ONCE', className: 'org.apache.pulsar.io.http.HttpSink' },
    });
    expect(api.invoked.map(({ instance, uid, generation }) => ({ instance, uid, generation }))).toEqual([
      { instance: 0, uid: 'uid-1', generation: 1 },
      { instance: 1, uid: 'uid-1', generation: 1 },
    ]);
    expect(api.invoked[0]?.notAfterMs).toBeGreaterThan(api.clock.nowMs());
  });

  test.each([
    ['sink', '{"deadLetterKeys":"wait"}', /must be "park" or "pass", not "wait"/],
    ['sink', '{"deadLetterKey":"park"}', /unknown key "deadLetterKey": a sink takes "runner", "deadLetterKeys"/],
    ['sink', '{"deadLetterKeys":"park"}', /needs an order .*retainOrdering/],
    ['sink', '{"deadLetterTopic":"dlq"}', /dead-letter topic of a sink is the field deadLetterTopic/],
    ['sink', '{"runner":"large"}', /no runner "large"/],
    ['sink', '{"deadLetterKeys":1}', /JSON object of texts/],
    ['sink', 'park', /JSON object of texts/],
    ['source', '{"deadLetterKeys":"park"}', /a source takes "runner", "deadLetterTopic"/],
    ['source', '{"deadLetterTopic":"a/b"}', /no topic name/],
    ['source', '{"schedule":"every day"}', /schedule "every day" \(UTC\) cannot be read/],
    ['source', '{"schedule":"0 0 30 2 *"}', /no time that is still to come/],
    ['sink', '{"schedule":"@daily","timeZone":"Mars/Base"}', /cannot be read.*timezone/],
    ['sink', '{"schedule":"@daily","missedTimes":"none"}', /must be "skip" or "once" or "all"/],
    ['sink', '{"timeZone":"Europe/Berlin"}', /need a schedule/],
    ['sink', '{"minParallelism":"2"}', /must not be above the parallelism, 1/],
    ['sink', '{"backlogPerInstance":"5"}', /needs "minParallelism"/],
    ['source', '{"minParallelism":"1"}', /unknown key "minParallelism"/],
  ] as const)('refuses for a %s the customRuntimeOptions %s', async (kind, customRuntimeOptions, reason) => {
    const config = { customRuntimeOptions };
    const make = (more: object) =>
      kind === 'sink' ? api.createSink('s1', { ...SINK, ...more }) : api.createSource('s1', { ...SOURCE, ...more });
    expect(await make(config)).toMatchObject({ status: 400, json: { reason: expect.stringMatching(reason) } });
    expect((await make({})).status).toBe(204);
    const update = kind === 'sink' ? api.updateSink : api.updateSource;
    expect(await update('s1', config)).toMatchObject({ status: 400, json: { reason: expect.stringMatching(reason) } });
  });

  test.each([
    [
      { schemaType: 'AVRO', archive: 'builtin://file', configs: { path: '/a' } },
      /schemaType AVRO needs the records' schema/,
    ],
    [{ schemaType: 'key_value' }, /schemaType key_value cannot be written by a source here/],
    [{ schemaType: 'string', customRuntimeOptions: '{"schema":"{}"}' }, /does not go with schemaType string/],
    [{ customRuntimeOptions: '{"schema":"{}"}' }, /needs the schemaType JSON or AVRO/],
    [{ schemaType: 'json', customRuntimeOptions: '{"schema":"sekrit"}' }, /must be an Avro schema of the type record/],
  ])('refuses a source with %j', async (more, reason) => {
    const answer = await api.createSource('s1', { ...SOURCE, ...more });
    expect(answer).toMatchObject({ status: 400, json: { reason: expect.stringMatching(reason) } });
    expect(answer.text).not.toContain('sekrit');
  });

  test.each([
    [{ transformFunction: 'builtin://other' }, /Built-in SINK is not available/],
    [{ transformFunction: 'https://example.com/f.nar' }, /packages of JVM code are not taken/],
    [{ transformFunction: 'builtin://transforms' }, /transformFunctionConfig.* go together/],
    [{ transformFunctionConfig: '{"steps":[]}' }, /transformFunction builtin:\/\/transforms and .* go together/],
    [
      { transformFunction: 'builtin://transforms', transformFunctionConfig: '{"steps":[{"type":"drop","when":"n"}]}' },
      /transformFunctionConfig: step 1 \(drop\): when: n is not known/,
    ],
    [
      {
        transformFunction: 'builtin://transforms',
        transformFunctionConfig:
          '{"steps":[{"type":"compute","fields":[{"name":"destinationTopic","expression":"value.to"}]}]}',
      },
      /destinationTopic cannot be computed for a \S+ sink: it writes to the one place/,
    ],
  ])('refuses a sink with %j', async (more, reason) => {
    const answer = await api.createSink('s1', { ...SINK, ...more });
    expect(answer).toMatchObject({ status: 400, json: { reason: expect.stringMatching(reason) } });
  });

  test('keeps the transformation of a sink, and refuses a wrong one of a source', async () => {
    const transform = {
      transformFunction: 'builtin://transforms',
      transformFunctionConfig: '{"steps":[{"type":"flatten"}]}',
    };
    expect((await api.createSink('s1', { ...SINK, ...transform })).status).toBe(204);
    expect((await api.get('sinks/public/default/s1')).json).toMatchObject(transform);
    const customRuntimeOptions = JSON.stringify({ transformFunctionConfig: '{"steps":[{"type":"nosuch"}]}' });
    const answer = await api.createSource('s2', { ...SOURCE, customRuntimeOptions });
    expect(answer).toMatchObject({ status: 400, json: { reason: expect.stringMatching(/step 1 \(nosuch\)/) } });
  });

  test.each([
    ['{"batchSize":"0"}', /batchSize .* integer from 1 to 100000 as text, not "0"/],
    ['{"batchTimeMs":"-1"}', /batchTimeMs .* integer from 0/],
    ['{"maxRecordsPerSecond":"many"}', /maxRecordsPerSecond .* not "many"/],
    [
      '{"retryBackoffMs":"500","retryBackoffMaxMs":"100"}',
      /retryBackoffMs .* must not be above retryBackoffMaxMs, 100/,
    ],
  ])('refuses the flow %s', async (customRuntimeOptions, reason) => {
    const answer = await api.createSink('s1', { ...SINK, customRuntimeOptions });
    expect(answer).toMatchObject({ status: 400, json: { reason: expect.stringMatching(reason) } });
  });

  test.each([{ retainOrdering: true }, { processingGuarantees: 'ATMOST_ONCE' }])(
    'refuses to leave instances out of a sink whose topics each belong to one: %j',
    async (config) => {
      const given = { ...SINK, parallelism: 3, ...config };
      const answer = await api.createSink('s1', { ...given, customRuntimeOptions: '{"minParallelism":"1"}' });
      expect(answer).toMatchObject({
        status: 400,
        reason: expect.stringContaining('ATLEAST_ONCE without retainOrdering'),
      });
    },
  );

  test('starts the instances of the minimum at once, and leaves the others to the dispatcher', async () => {
    const customRuntimeOptions = '{"minParallelism":"2"}';
    expect((await api.createSink('s1', { ...SINK, parallelism: 4, customRuntimeOptions })).status).toBe(204);
    expect(api.invoked.map(({ instance }) => instance)).toEqual([0, 1]);
    expect((await api.get('sinks/public/default/s1/status')).json).toMatchObject({ numRunning: 4 });
  });

  test('takes a flow, and no batchTimeMs of a source', async () => {
    const all =
      '{"batchSize":"500","batchTimeMs":"100","maxRecordsPerSecond":"50","retryBackoffMs":"100","retryBackoffMaxMs":"5000"}';
    expect((await api.createSink('s1', { ...SINK, customRuntimeOptions: all })).status).toBe(204);
    expect((await api.createSource('s2', { ...SOURCE, customRuntimeOptions: '{"batchTimeMs":"5"}' })).status).toBe(400);
    expect((await api.createSource('s3', { ...SOURCE, customRuntimeOptions: '{"batchSize":"5"}' })).status).toBe(204);
  });

  test('takes a schema with its type', async () => {
    const schema = '{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}';
    const more = { schemaType: 'AVRO', customRuntimeOptions: JSON.stringify({ schema }) };
    expect((await api.createSource('s1', { ...SOURCE, ...more })).status).toBe(204);
  });

  test('takes the customRuntimeOptions that have an effect', async () => {
    const park = { retainOrdering: true, customRuntimeOptions: '{"deadLetterKeys":"park","runner":"default"}' };
    expect((await api.createSink('s1', { ...SINK, ...park })).status).toBe(204);
    const letters = {
      customRuntimeOptions: '{"deadLetterTopic":"dlq","schedule":"0 9 * * MON-FRI","timeZone":"Europe/Berlin"}',
    };
    expect((await api.createSource('s2', { ...SOURCE, ...letters })).status).toBe(204);
  });

  test('creates the subscriptions of a sink before it answers, so that nothing published afterwards is missed', async () => {
    const pulsar = new FakePulsar();
    const withPulsar = await startControlPlane({ pulsar });
    await withPulsar.createSink('s1', { ...SINK, inputs: ['a', 'b'], sourceSubscriptionPosition: 'Earliest' });
    expect(pulsar.created).toEqual(['a public/default/s1 Earliest', 'b public/default/s1 Earliest']);
    withPulsar.close();
  });

  test('succeeds although no run could be started, and reports it', async () => {
    const failing = await startControlPlane({ invokeRun: () => Promise.reject(new Error('Lambda is throttled')) });
    expect((await failing.createSink('s1', SINK)).status).toBe(204);
    expect(failing.errors).toEqual([new Error('Lambda is throttled')]);
    expect((await failing.get('sinks/public/default/s1/0/status')).json).toMatchObject({
      running: false,
      error: 'Sink has not been scheduled',
    });
    failing.close();
  });

  test('starts no run for an event source, whose events start it', async () => {
    expect((await api.createSource('hook', { topicName: 'out', archive: 'builtin://http' })).status).toBe(204);
    expect(api.invoked).toEqual([]);
    expect((await api.get('sources/public/default/hook/status')).json).toMatchObject({ numRunning: 1 });
  });

  test('takes a package neither as upload nor by address', async () => {
    const upload = await api.createSink('s1', { inputs: ['in'] }, [
      { name: 'data', filename: 'x.nar', contentType: 'application/octet-stream', body: 'PK' },
    ]);
    expect(upload).toMatchObject({ status: 400, reason: expect.stringContaining('builtin://TYPE') });
    const byUrl = await api.createSink('s1', { inputs: ['in'] }, [{ name: 'url', body: 'https://x.example/x.nar' }]);
    expect(byUrl.reason).toBe('Function Package url is not valid.supported url (http/https/file)');
    const byPackage = await api.createSink('s1', { inputs: ['in'] }, [
      { name: 'url', body: 'sink://public/default/x@1' },
    ]);
    expect(byPackage.reason).toContain('Function Package management service is disabled.');
  });

  test('takes a configuration that curl sends from a file', async () => {
    const parts = [
      { name: 'sinkConfig', filename: 'sink.json', contentType: 'application/json', body: JSON.stringify(SINK) },
    ];
    const request = { method: 'POST', path: '/admin/v3/sinks/public/default/s1', parts };
    expect((await api.send({ ...request, base64: true })).status).toBe(204);
  });

  test('lists every problem of the connector configuration with its path, and the known keys', async () => {
    const answer = await api.createSink('s1', {
      ...SINK,
      configs: { url: 'http://x', timeoutMs: 0, headers: { a: {} }, colour: 'red' },
    });
    expect(answer.status).toBe(400);
    expect(answer.reason).toBe(
      'Could not validate sink config: /configs/colour is not known; known are url, headers, timeoutMs, token, idempotencyHeader; /configs/headers/a must be string; /configs/timeoutMs must be >= 1',
    );
  });

  test('takes numbers as text like Pulsar and shows what was sent', async () => {
    const configs = { url: 'http://x', timeoutMs: '500', headers: null };
    expect((await api.createSink('s1', { ...SINK, configs })).status).toBe(204);
    expect((await api.get('sinks/public/default/s1')).json).toMatchObject({ configs });
  });

  test('refuses a guarantee that the configuration cannot hold, and says what would make it possible', async () => {
    const config = { ...SINK, processingGuarantees: 'EFFECTIVELY_ONCE' };
    expect(await api.createSink('s1', config)).toMatchObject({
      status: 400,
      reason: expect.stringContaining('/configs/idempotencyHeader is needed'),
    });
    const able = { ...config, configs: { ...SINK.configs, idempotencyHeader: 'idempotency-key' } };
    expect((await api.createSink('s1', able)).status).toBe(204);
  });

  test('refuses a guarantee that the type cannot hold, and names the types that can', async () => {
    const { catalogue } = api.deps;
    const plain = { ...catalogue.sink('http'), guarantees: ['ATLEAST_ONCE'] } as never;
    const weak = await startControlPlane({
      catalogue: { ...catalogue, sink: (name) => (name === 'http' ? plain : catalogue.sink(name)) },
    });
    const answer = await weak.createSink('s1', { ...SINK, processingGuarantees: 'EFFECTIVELY_ONCE' });
    expect(answer.status).toBe(400);
    expect(answer.reason).toMatch(
      /^A http sink cannot hold EFFECTIVELY_ONCE\. Use ATLEAST_ONCE, or one of the sinks that can: .*jdbc-sqlite/,
    );
    weak.close();
  });

  test('refuses EFFECTIVELY_ONCE without deduplication on the output topic, with the command that enables it (rule 8)', async () => {
    api.pulsar.state = 'disabled';
    const config = { ...SOURCE, processingGuarantees: 'EFFECTIVELY_ONCE' };
    expect(await api.createSource('r1', config)).toMatchObject({
      status: 400,
      reason: expect.stringContaining('pulsar-admin namespaces set-deduplication public/default --enable'),
    });
    api.pulsar.state = 'unknown';
    expect((await api.createSource('r1', config)).status).toBe(204);
  });

  test('refuses EFFECTIVELY_ONCE on a topic that stores nothing', async () => {
    const topicName = 'non-persistent://public/default/out';
    const answer = await api.createSource('r1', { ...SOURCE, topicName, processingGuarantees: 'EFFECTIVELY_ONCE' });
    expect(answer).toMatchObject({ status: 400, reason: expect.stringContaining('needs persistent topics') });
  });

  test('checks neither tenant nor deduplication without an admin address', async () => {
    const alone = await startControlPlane({}, { withPulsar: false });
    const part = {
      name: 'sourceConfig',
      contentType: 'application/json',
      body: JSON.stringify({ ...SOURCE, processingGuarantees: 'EFFECTIVELY_ONCE' }),
    };
    const answer = await alone.send({ method: 'POST', path: '/admin/v3/sources/no/where/r1', parts: [part] });
    expect(answer.status).toBe(204);
    expect((await alone.remove('sources/no/where/r1')).status).toBe(204);
    alone.close();
  });

  test('refuses a dead letter topic that is an input, in whatever form it is written', async () => {
    const config = { ...SINK, maxMessageRetries: 3, deadLetterTopic: 'persistent://public/default/in' };
    expect((await api.createSink('s1', config)).reason).toContain('is one of the inputs');
  });

  test('lets one of two racing creates win and tells the other that the name is taken', async () => {
    const answers = await Promise.all([api.createSink('s1', SINK), api.createSource('s1', SOURCE)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 400]);
    expect(answers.find(({ status }) => status === 400)?.reason).toMatch(/^(Sink|Source) s1 already exists$/);
  });

  test('refuses a configuration that no item of the store can hold', async () => {
    const configs = { url: 'x'.repeat(400_000) };
    expect(await api.createSink('s1', { ...SINK, configs })).toMatchObject({
      status: 400,
      reason: expect.stringMatching(/has 40\d+ bytes with its defaults/),
    });
  });

  test.each([
    ['parallelism', 1001, 'Sink parallelism must be at most 1000'],
    ['parallelism', 'abc', 'parallelism in the part sinkConfig must be a number'],
    ['inputs', 'in', 'inputs in the part sinkConfig must be a list of texts'],
    [
      'inputSpecs',
      { in: { receiverQueueSize: 'x' } },
      'inputSpecs.in.receiverQueueSize in the part sinkConfig must be a number',
    ],
    ['retainOrdering', 'yes', 'retainOrdering in the part sinkConfig must be true or false'],
    ['configs', [], 'configs in the part sinkConfig must be an object'],
    [
      'sourceSubscriptionPosition',
      'latest',
      'sourceSubscriptionPosition in the part sinkConfig must be one of Latest, Earliest',
    ],
  ])('refuses %s %j', async (field, value, reason) => {
    expect(await api.createSink('s1', { ...SINK, [field]: value })).toMatchObject({ status: 400, reason });
  });
});
