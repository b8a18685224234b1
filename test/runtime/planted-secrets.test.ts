import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Type } from '@sinclair/typebox';
import { catalogue as realCatalogue } from '../../src/connectors/catalogue.ts';
import { catalogueOf } from '../../src/connectors/catalogue-of.ts';
import { type ConnectorType, defineLogSource, defineSink, type OpenContext } from '../../src/core/connector-type.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/logger.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { secretKeys } from '../../src/core/type-config.ts';
import { inspect } from '../../src/runtime/inspect/inspect.ts';
import { runInstance } from '../../src/runtime/instance-run.ts';
import { sinkWork } from '../../src/runtime/sink-run.ts';
import { sourceWork } from '../../src/runtime/source-run.ts';
import { startControlPlane, type TestControlPlane } from '../control-plane/harness.ts';
import { planted } from '../kit/planted.ts';
import { World } from './kit/world.ts';

/** None of them may be seen anywhere: not in an answer, a log line, a status, or an error. */
const PLANTED = {
  password: planted('password-1/?'),
  header: planted('header-2'),
  nested: planted('nested-3'),
  listed: planted('listed-4'),
  extra: planted('extra-5'),
  referenced: planted('referenced-6'),
  fromKey: planted('key-7'),
} as const;
const VALUES = Object.values(PLANTED).flatMap((value) => [value, encodeURIComponent(value)]);

const secret = { secret: true };
const config = Type.Object(
  {
    url: Type.String(),
    password: Type.Optional(Type.String(secret)),
    headers: Type.Optional(Type.Record(Type.String(), Type.String(), secret)),
    auth: Type.Optional(Type.Object({ user: Type.String(), token: Type.String(secret) })),
    keys: Type.Optional(Type.Array(Type.String(), secret)),
    token: Type.Optional(Type.String(secret)),
  },
  { additionalProperties: false },
);

let failedOpens = 0;

/** As a careless driver: everything that it was given is in its error. */
const shout = async (given: unknown, context: OpenContext): Promise<never> => {
  const extra = [await context.getSecret('extra'), await context.getSecret('vault')];
  const all = JSON.stringify([given, extra]);
  failedOpens += 1;
  throw new PulsarIoError(
    'PIO_SINK_UNAVAILABLE',
    `cannot log in with ${all} or ${encodeURIComponent(PLANTED.password)}`,
    {
      cause: new Error(all),
    },
  );
};
const common = { name: 'careless', summary: 's', className: 'C', guarantees: ['ATLEAST_ONCE'] as const, config };
const types = catalogueOf(
  [...realCatalogue.sinks, defineSink<typeof config>({ ...common, accepts: 'bytes', open: shout })],
  [
    ...realCatalogue.sources,
    defineLogSource<typeof config>({ ...common, position: Type.Object({}), pollIntervalMs: () => 1_000, open: shout }),
  ],
);

let world: World;
let api: TestControlPlane;
let seen: string[];
beforeEach(async () => {
  world = await World.start();
  seen = [];
  failedOpens = 0;
  const tell = (message: string, fields: unknown) => void seen.push(`${message} ${JSON.stringify(fields)}`);
  const log: Logger = { debug: tell, info: tell, warn: tell, error: tell };
  const settings = { ...world.deps.settings, maxWaitInRunMs: 0 };
  const resolveSecret = async () => PLANTED.referenced;
  const deps = { ...world.deps, catalogue: types, settings, log, resolveSecret };
  const { registry, leases, checkpoints, inbox, clock, pulsar } = deps;
  api = await startControlPlane({
    ...{ catalogue: types, registry, leases, checkpoints, inbox, clock },
    ...(pulsar && { pulsar }),
    inspect: (request) => inspect(request, deps),
    onError: (error) => void seen.push(String(error)),
    invokeRun: async (request: RunRequest) => {
      const work = request.kind === 'sink' ? sinkWork : sourceWork;
      seen.push(JSON.stringify(await runInstance(request, () => 60_000, deps, work)));
    },
  });
});
afterEach(async () => {
  await api.close();
  await world[Symbol.asyncDispose]();
});

const send = async (kind: string, method: string, what = '', sent?: object): Promise<number> => {
  const answer = await api.send({
    method,
    path: `/admin/v3/${kind}s/public/default/c${what}`,
    ...(sent && { parts: [{ name: `${kind}Config`, contentType: 'application/json', body: JSON.stringify(sent) }] }),
  });
  seen.push(`${answer.text} ${JSON.stringify(answer.headers)}`);
  return answer.status;
};

const leaks = () => seen.filter((text) => VALUES.some((value) => text.includes(value)));

test.each(['sink', 'source'] as const)('no answer, log line, status or report has a secret of a %s', async (kind) => {
  const topic = await world.newTopic();
  await world.publish(topic, ['one']);
  const sent = {
    archive: 'builtin://careless',
    ...(kind === 'sink' ? { inputs: [topic], sourceSubscriptionPosition: 'Earliest' } : { topicName: topic }),
    configs: {
      url: 'db://host',
      password: PLANTED.password,
      headers: { authorization: PLANTED.header },
      auth: { user: 'root', token: PLANTED.nested },
      keys: [PLANTED.listed],
    },
    secrets: { token: PLANTED.fromKey, extra: PLANTED.extra, vault: { ssm: '/pulsar-io/x' } },
  };
  expect(await send(kind, 'POST', '/check', sent)).toBe(200);
  expect(await send(kind, 'POST', '/preview', sent)).toBe(200);
  expect(await send(kind, 'POST', '/cost', sent)).toBe(200);
  expect(await send(kind, 'POST', '', sent)).toBe(204);
  for (const what of ['', '/status', '/0/status', '/cost']) expect(await send(kind, 'GET', what)).toBe(200);
  for (const what of ['/check', '/preview']) expect(await send(kind, 'POST', what)).toBe(200);
  expect(await send(kind, 'PUT', '', { ...sent, configs: { ...sent.configs, url: 'db://other' } })).toBe(204);
  const wrong = { ...sent, configs: { ...sent.configs, keys: { a: PLANTED.listed }, auth: PLANTED.nested } };
  expect(await send(kind, 'PUT', '', wrong)).toBe(400);
  expect(await send(kind, 'POST', '/check', wrong)).toBe(200);
  expect(await send(kind, 'POST', '/restart')).toBe(204);
  expect(await send(kind, 'GET', '/status')).toBe(200);
  expect(await send(kind, 'DELETE')).toBe(204);
  expect(failedOpens).toBeGreaterThanOrEqual(6);
  expect(seen.filter((text) => text.includes('cannot log in with')).length).toBeGreaterThanOrEqual(6);
  expect(leaks()).toEqual([]);
});

const withSecrets = [...realCatalogue.sinks, ...realCatalogue.sources].filter(
  (type: ConnectorType) => secretKeys(type.config).length > 0,
);

test.each(withSecrets.map((type) => [type.kind, type.name, type] as const))(
  'no refusal has a sensitive key of %s %s',
  async (kind, name, type) => {
    const configs = Object.fromEntries(secretKeys(type.config).map((key) => [key, `${PLANTED.password}-${key}`]));
    const where = kind === 'sink' ? { inputs: ['in'] } : { topicName: 'out' };
    for (const secrets of [configs, undefined]) {
      const sent = { archive: `builtin://${name}`, ...where, configs: { ...configs, nonsense: 1 }, secrets };
      for (const what of ['', '/check', '/preview', '/cost']) await send(kind, 'POST', what, sent);
    }
    expect(seen.join()).toContain('nonsense');
    expect(leaks()).toEqual([]);
  },
);
