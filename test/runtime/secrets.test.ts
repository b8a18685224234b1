import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Type } from '@sinclair/typebox';
import { catalogueOf } from '../../src/connectors/catalogue-of.ts';
import { defineLogSource } from '../../src/core/connector-type.ts';
import { PulsarIoError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/logger.ts';
import { runInstance } from '../../src/runtime/instance-run.ts';
import { sourceWork } from '../../src/runtime/source-run.ts';
import { listSource, World } from './kit/world.ts';

const opened: unknown[] = [];

/** A source whose driver puts the password into its messages, as some do. */
const talkative = defineLogSource({
  name: 'list',
  summary: 'Cannot log in',
  className: 'TalkativeSource',
  guarantees: ['ATLEAST_ONCE'],
  config: Type.Object(
    { user: Type.String(), password: Type.String({ secret: true }) },
    { additionalProperties: false },
  ),
  position: Type.Object({}),
  pollIntervalMs: () => undefined,
  open: async (config) => {
    opened.push(config);
    const url = `db://${config.user}:${encodeURIComponent(config.password)}@host`;
    throw new PulsarIoError('PIO_SOURCE_UNAVAILABLE', `cannot log in to ${url} with ${config.password}`);
  },
});

let world: World;
const lines: string[] = [];
const log = Object.fromEntries(
  (['debug', 'info', 'warn', 'error'] as const).map((level) => [
    level,
    (message: string, fields: unknown) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  ]),
) as unknown as Logger;

beforeEach(async () => {
  world = await World.start();
  lines.length = 0;
  opened.length = 0;
});
afterEach(() => world[Symbol.asyncDispose]());

const runWith = async (configs: Record<string, unknown>, secrets: Record<string, unknown>) => {
  const source = listSource(await world.newTopic(), 'ATLEAST_ONCE');
  const connector = { ...source, config: { ...source.config, configs, secrets } };
  await world.deps.registry.create(connector);
  const { tenant, namespace, name } = connector.config;
  const { uid, generation, kind } = connector;
  const request = { kind, tenant, namespace, name, uid, generation, instance: 0, notAfterMs: Date.now() + 60_000 };
  const settings = { ...world.deps.settings, maxWaitInRunMs: 0 };
  const deps = { ...world.deps, catalogue: catalogueOf([], [talkative]), settings, log };
  const report = await runInstance(request, () => 60_000, deps, sourceWork);
  const status = (await world.deps.leases.read(uid, 0))?.status;
  return { report, status };
};

test.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
  ['from Parameter Store', {}, { password: { ssm: 'p/a?ss' } }, 'value of p/a?ss'],
  ['as a text in secrets', { password: 'unused one' }, { password: 'hunter/2?' }, 'hunter/2?'],
  ['as a text in configs', { password: 'hunter/3?' }, {}, 'hunter/3?'],
])('a password %s reaches the connector, but no log line, status or report', async (_, configs, secrets, password) => {
  const { report, status } = await runWith({ user: 'root', ...configs }, secrets);
  expect(opened).toContainEqual({ user: 'root', password });
  const seen = JSON.stringify([report, status, lines]);
  expect(seen).toContain('cannot log in to db://root:********@host with ********');
  expect(seen).not.toContain(password);
  expect(seen).not.toContain(encodeURIComponent(password));
});

test('a secret that cannot be read is tried again later, and the status says which', async () => {
  const failing = async () => {
    throw new PulsarIoError('PIO_SECRET_UNAVAILABLE', 'secret ssm /p could not be read: AccessDeniedException');
  };
  Object.assign(world.deps, { resolveSecret: failing });
  const { status } = await runWith({ user: 'root' }, { password: { ssm: '/p' } });
  expect(status).toMatchObject({ phase: 'backoff', error: expect.stringContaining('AccessDeniedException') });
});
