import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';

const { problemsOf } = createRequire(import.meta.url)('../../scripts/deploy-parameters.cjs') as {
  problemsOf(parameters: Record<string, string>): string[];
};

const GOOD = {
  pulsarServiceUrl: 'pulsar+ssl://broker:6651',
  pulsarAdminUrl: 'https://broker:8443',
  authentication: 'token',
  tokenSecretKey: 'ssm:/pulsar-io/dev/key',
};

test.each<[Record<string, string>, RegExp | undefined]>([
  [{}, undefined],
  [{ authentication: 'none', tokenSecretKey: '' }, undefined],
  [{ pulsarServiceUrl: 'pulsar://pulsar.example.com:6650' }, /^pulsarServiceUrl: .*--param/],
  [{ pulsarServiceUrl: 'http://broker:8080' }, /^pulsarServiceUrl: /],
  [{ pulsarAdminUrl: 'broker:8080' }, /^pulsarAdminUrl: /],
  [{ authentication: 'basic' }, /^authentication: token or none/],
  [{ tokenSecretKey: '' }, /^tokenSecretKey or tokenPublicKey: .*pulsar tokens create-secret-key/],
  [{ tokenPublicKey: 'ssm:/pulsar-io/dev/public' }, /give one of them/],
  [{ pulsarAdminUrl: '' }, /^superUserRoles: /],
  [{ pulsarAdminUrl: '', superUserRoles: 'admin' }, undefined],
])('parameters with %j', (change, problem) => {
  const problems = problemsOf({ ...GOOD, ...change });
  expect(problems).toEqual(problem ? [expect.stringMatching(problem)] : []);
});
