import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

const { problemsOf, unknownOf } = createRequire(import.meta.url)('../../deploy/parameters.cjs') as {
  problemsOf(parameters: Record<string, string | number>): string[];
  unknownOf(given: readonly string[], known: readonly string[]): string[];
};

const GOOD = {
  pulsarServiceUrl: 'pulsar+ssl://broker:6651',
  pulsarAdminUrl: 'https://broker:8443',
  authentication: 'token',
  tokenSecretKey: 'ssm:/pulsar-io/dev/key',
  memory: 512,
  runConcurrency: 100,
  requestConcurrency: 20,
  logRetentionDays: 30,
  maxLagSeconds: 900,
  stage: 'dev',
  table: 'pulsar-io-dev',
  tableOnRemove: 'keep',
  storeUrl: 'dynamodb:pulsar-io-dev',
  secretsPath: '/pulsar-io/dev',
  sinkBucketPrefix: 'pulsar-io-sink-',
  sinkStreamPrefix: 'pulsar-io-sink-',
  sinkTablePrefix: 'pulsar-io-sink-',
  eventSources: '',
  eventBus: 'default',
  layers: '',
  architecture: 'arm64',
  pulsarClient: 'plain',
};

const LAYER = 'arn:aws:lambda:eu-central-1:123456789012:layer:aerospike:3';

test.each<[Record<string, string>, RegExp | undefined]>([
  [{}, undefined],
  [{ authentication: 'none', tokenSecretKey: '' }, undefined],
  [{ pulsarServiceUrl: 'pulsar://pulsar.example.com:6650' }, /^pulsarServiceUrl: .*--param/],
  [{ pulsarServiceUrl: 'http://broker:8080' }, /^pulsarServiceUrl: /],
  [{ layers: `${LAYER}, ${LAYER}`, architecture: 'x86_64', pulsarClient: 'native' }, undefined],
  [{ layers: LAYER.replace(':3', '') }, /^layers: ARNs of layer versions/],
  [{ layers: Array(6).fill(LAYER).join() }, /^layers: .*five at most/],
  [{ architecture: 'x64' }, /^architecture: arm64 or x86_64/],
  [{ pulsarClient: 'fast' }, /^pulsarClient: plain or native/],
  [{ pulsarClient: 'native' }, /^pulsarClient=native: needs layers/],
  [{ pulsarAdminUrl: 'broker:8080' }, /^pulsarAdminUrl: /],
  [{ authentication: 'basic' }, /^authentication: token or none/],
  [{ authentication: 'none' }, /^authentication=none: contradicts/],
  [{ tokenSecretKey: '' }, /^tokenSecretKey or tokenPublicKey: .*pulsar tokens create-secret-key/],
  [{ tokenPublicKey: 'ssm:/pulsar-io/dev/public' }, /give one of them/],
  [{ pulsarAdminUrl: '' }, /^superUserRoles: /],
  [{ pulsarAdminUrl: '', superUserRoles: 'admin' }, undefined],
  [{ vpcSubnetIds: 'subnet-1,subnet-2', vpcSecurityGroupIds: 'sg-1' }, undefined],
  [{ vpcSubnetIds: 'subnet-1' }, /^vpcSubnetIds and vpcSecurityGroupIds: give both/],
  [{ vpcSecurityGroupIds: 'sg-1' }, /^vpcSubnetIds and vpcSecurityGroupIds: give both/],
  [{ vpcSubnetIds: 'subnet-1, subnet-2', vpcSecurityGroupIds: 'sg-1' }, /^vpcSubnetIds: subnets with commas/],
  [{ vpcSubnetIds: 'subnet-1', vpcSecurityGroupIds: 'subnet-2' }, /^vpcSecurityGroupIds: /],
  [{ memory: '64' }, /^memory: .*128 to 10240/],
  [{ runConcurrency: '0' }, /^runConcurrency: /],
  [{ runConcurrency: 'none', requestConcurrency: 'none' }, undefined],
  [{ requestConcurrency: 'many' }, /^requestConcurrency: /],
  [{ eventSources: 'com.example.orders, com.example.returns', eventBus: 'shop' }, undefined],
  [{ eventSources: 'com.example.*' }, /^eventSources: .*--param/],
  [{ eventBus: '' }, /^eventBus: /],
  [{ sinkBucketPrefix: '' }, /^sinkBucketPrefix: /],
  [{ sinkStreamPrefix: '*' }, /^sinkStreamPrefix: /],
  [{ sinkTablePrefix: 'pulsar-io-' }, /^sinkTablePrefix: must not be/],
  [{ logRetentionDays: '31' }, /^logRetentionDays: one of/],
  [{ maxLagSeconds: '0' }, /^maxLagSeconds: /],
  [{ alarmTopicArn: 'ops@example.com' }, /^alarmTopicArn: the ARN/],
  [{ alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:ops' }, undefined],
  [{ stage: 'a-stage-with-a-very-long-name' }, /^stage: at most 20/],
  [{ table: 'a b', storeUrl: 'dynamodb:a b' }, /^table: /],
  [{ storeUrl: 'sqlite:/tmp/store.db' }, /^storeUrl: .*leave storeUrl out/],
  [{ tableOnRemove: 'destroy' }, /^tableOnRemove: keep or delete/],
  [{ secretsPath: 'pulsar-io/' }, /^secretsPath: /],
])('parameters with %j', (change, problem) => {
  const problems = problemsOf({ ...GOOD, ...change });
  expect(problems).toEqual(problem ? [expect.stringMatching(problem)] : []);
});

test('a name that no parameter has is refused with those there are', () => {
  expect(unknownOf(['memory=1024', 'memroy=512'], ['memory', 'table'])).toEqual([
    'memroy: there is no such parameter; there are memory, table',
  ]);
});

test('serverless deploy ends before it does anything, and names each parameter', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const args = ['deploy', '--param', 'vpcSubnetIds=subnet-1', '--param', 'memroy=1024'];
  // Nobody listens there: whatever is asked of AWS would be another error.
  const env = { ...process.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_PROFILE: 'none' };
  const deploying = promisify(execFile)(process.execPath, ['node_modules/serverless/bin/serverless.js', ...args], {
    cwd: root,
    env,
    timeout: 55_000,
  });
  const { stdout, stderr } = (await deploying.catch((error: unknown) => error)) as { stdout: string; stderr: string };
  const said = stdout + stderr;
  expect(said).toContain('nothing was deployed; parameters are missing or wrong');
  for (const name of ['memroy', 'pulsarServiceUrl', 'tokenSecretKey or tokenPublicKey', 'vpcSubnetIds and vpc']) {
    expect(said).toContain(`- ${name}`);
  }
}, 360_000);

test('what is reserved by default is said where it is decided', () => {
  const text = readFileSync('serverless.yml', 'utf8');
  const { functions, params } = parse(text, { merge: true }) as {
    functions: Record<string, { reservedConcurrency: string | number }>;
    params: { default: Record<string, number> };
  };
  const reserved = Object.values(functions).map(({ reservedConcurrency: it }) =>
    typeof it === 'number' ? it : (params.default[/\.(\w+)\}$/.exec(it)?.[1] ?? ''] ?? Number.NaN),
  );
  const sum = reserved.reduce((total, it) => total + it, 0);
  expect(text).toContain(`All in all ${sum} of the 1,000`);
  expect(readFileSync('docs/deploy.md', 'utf8')).toContain(`100 left to others: ${sum} by default`);
});
