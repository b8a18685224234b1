import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { StartProcess } from '../emulator/start-process.ts';
import { describeReal, runPulsarAdmin } from '../services/index.ts';

// Each command is a JVM of its own.
jest.setTimeout(300_000);

describeReal("Pulsar's own pulsar-admin with tokens, as against a deployment", ['pulsarAdmin'], () => {
  const key = randomBytes(32);
  let folder: string;
  let offline: StartProcess;
  let adminUrl: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pio-token-'));
    offline = new StartProcess(['--data', join(folder, 'data'), '--port', '0', '--broker-port', '0'], {
      AUTHENTICATION: 'token',
      TOKEN_SECRET_KEY: `data:;base64,${key.toString('base64')}`,
      SUPER_USER_ROLES: 'admin',
    });
    adminUrl = String((await offline.printed(/Ready: admin API ([^,\s]+)/))[1]);
  });
  afterAll(async () => {
    await offline.interrupt();
    await rm(folder, { recursive: true, force: true });
  });

  const as = async (role: string, ...argv: string[]) => {
    const token = await new SignJWT({ sub: role }).setProtectedHeader({ alg: 'HS256' }).sign(key);
    const plugin = 'org.apache.pulsar.client.impl.auth.AuthenticationToken';
    return runPulsarAdmin(adminUrl, ['--auth-plugin', plugin, '--auth-params', `token:${token}`, ...argv]);
  };
  const CREATE = [
    'sources',
    'create',
    '--name',
    's',
    '--source-type',
    'data-generator',
    '--destination-topic-name',
    'o',
  ];

  test('lets a super user create and list, and nobody else', async () => {
    expect(await as('admin', ...CREATE)).toMatchObject({ code: 0 });
    expect(JSON.parse((await as('admin', 'sources', 'list')).stdout)).toEqual(['s']);
    const refused = await as('stranger', 'sources', 'list');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Client is not authorized') });
    const unknown = await runPulsarAdmin(adminUrl, ['sources', 'list']);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('Authentication required') });
    expect(await as('admin', 'sources', 'delete', '--name', 's')).toMatchObject({ code: 0 });
  });
});
