import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AuthenticationTls, openSession, type SessionOptions } from '../../../src/pulsar/session.ts';
import { type ScriptedBroker, startScriptedBroker } from '../kit/scripted-broker.ts';

// Made with openssl for this test only: a self-signed certificate for "localhost", valid for a hundred years.
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const certificatePath = fixture('localhost.cert.pem');
const privateKeyPath = fixture('localhost.key.pem');
const cert = readFileSync(certificatePath);
const key = readFileSync(privateKeyPath);

let broker: ScriptedBroker;
let cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  broker = await startScriptedBroker({}, { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false });
  cleanups.push(() => broker.stop());
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function connect(tls: SessionOptions['tls'], more: Partial<SessionOptions> = {}): Promise<void> {
  const session = await openSession({ serviceUrl: broker.serviceUrl, tls, ...more });
  cleanups.push(() => session.destroy());
  await session.producer({ topic: 'persistent://public/default/t' });
}

test('a trusted certificate for the host is taken, and the TLS address of the lookup used', async () => {
  await connect({ trustCertsFilePath: certificatePath });
  expect(broker.of('PRODUCER')).toHaveLength(1);
});

test('an untrusted certificate is refused, unless insecure connections are allowed', async () => {
  await expect(connect({})).rejects.toMatchObject({ code: 'ConnectError' });
  await connect({ allowInsecureConnection: true });
});

test('a certificate for another host is refused, unless the host is not validated', async () => {
  const serviceUrl = broker.serviceUrl.replace('localhost', '127.0.0.1');
  const trusted = { trustCertsFilePath: certificatePath };
  await expect(connect(trusted, { serviceUrl })).rejects.toMatchObject({ code: 'ConnectError' });
  await connect({ ...trusted, validateHostname: false }, { serviceUrl });
});

test('AuthenticationTls shows the client certificate', async () => {
  const authentication = new AuthenticationTls({ certificatePath, privateKeyPath });
  await connect({ trustCertsFilePath: certificatePath }, { authentication });
  const socket = broker.peers[0]?.socket as unknown as { authorized: boolean };
  expect(socket.authorized).toBe(true);
  expect(broker.of('CONNECT')).toMatchObject([{ authMethodName: 'tls', authData: undefined }]);
});

test('a certificate file that is not there is a ConnectError', async () => {
  await expect(connect({ trustCertsFilePath: '/nowhere.pem' })).rejects.toMatchObject({ code: 'ConnectError' });
});
