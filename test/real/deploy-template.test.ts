import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { policiesOf, type Template, widePermissions } from '../deploy/policies.ts';
import { NEEDED, params, ROOT, runServerless } from '../deploy/serverless.ts';
import { describeReal, type PolicyFinding, runCfnLint, runParliament } from '../services/index.ts';

const LIMIT_MS = 120_000;

interface IamException {
  readonly actions: readonly string[];
  readonly resource: string;
  readonly reason: string;
}

const exceptions = JSON.parse(readFileSync(join(ROOT, 'deploy/iam-exceptions.json'), 'utf8')) as IamException[];

/** Names that differ between deployments, as `deploy/iam-exceptions.json` writes them. */
const PREFIXES = {
  queuePrefix: 'pio-queues-',
  bucketPrefix: 'pio-buckets-',
  streamPrefix: 'pio-streams-',
  tablePrefix: 'pio-tables-',
  sinkBucketPrefix: 'pio-sink-buckets-',
  sinkStreamPrefix: 'pio-sink-streams-',
  sinkTablePrefix: 'pio-sink-tables-',
};

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/:us-east-1:123456789012:/, ':REGION:ACCOUNT:'],
  [/pulsar-io-serverless-dev-[a-z-]+/, 'FUNCTION'],
  [/\/pulsar-io\/dev\//, '/SECRETS_PATH/'],
  [/:pio-queues-\*/, ':QUEUE_PREFIX*'],
  [/:pio-buckets-\*/, ':BUCKET_PREFIX*'],
  [/\/pio-streams-\*/, '/STREAM_PREFIX*'],
  [/\/pio-tables-\*/, '/TABLE_PREFIX*'],
  [/:pio-sink-buckets-\*/, ':SINK_BUCKET_PREFIX*'],
  [/\/pio-sink-streams-\*/, '/SINK_STREAM_PREFIX*'],
  [/\/pio-sink-tables-\*/, '/SINK_TABLE_PREFIX*'],
];

const NETWORK = { vpcSubnetIds: 'subnet-0123456789abcdef0', vpcSecurityGroupIds: 'sg-0123456789abcdef0' };
const TOPIC = { alarmTopicArn: 'arn:aws:sns:us-east-1:123456789012:ops' };

const LAYERS = ['a', 'b'].map((name) => `arn:aws:lambda:us-east-1:123456789012:layer:${name}:1`);
const DRIVERS = { layers: LAYERS.join(), architecture: 'x86_64', pulsarClient: 'native' };

const EVENTS = { eventSources: 'com.example.orders,com.example.returns', eventBus: 'shop' };

const packaged = async (values: Readonly<Record<string, string>>): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'pio-package-'));
  const all = params({ ...NEEDED, ...PREFIXES, buildFolder: join(folder, 'build'), ...values });
  const { code, stdout, stderr } = await runServerless(['package', '--package', join(folder, 'package'), ...all]);
  if (code !== 0) throw new Error(`serverless package failed:\n${stdout}${stderr}`);
  return join(folder, 'package/cloudformation-template-update-stack.json');
};

// Parliament knows neither a key that is in all calls by a function's code, nor that two stars match each kind of resource: both are as AWS writes them.
const isWrongOf = ({ policy, issue, detail }: PolicyFinding): boolean =>
  policy === 'NetworkPolicy' && (detail.includes('lambda:SourceFunctionArn') || issue === 'RESOURCE_MISMATCH');

describeReal('the packaged template', ['templateChecks'], () => {
  let path: string;
  let template: Template;
  const partsOf = (type: string, { Resources }: Template): Record<string, unknown>[] =>
    Object.values(Resources).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
  let packagedPlain: Promise<string> | undefined;
  const plain = (): Promise<string> => {
    packagedPlain ??= packaged({ runConcurrency: 'none' });
    return packagedPlain;
  };
  beforeAll(async () => {
    path = await packaged({ ...NETWORK, ...TOPIC, ...EVENTS, ...DRIVERS });
    template = JSON.parse(readFileSync(path, 'utf8'));
  }, LIMIT_MS);

  test(
    'passes cfn-lint, within a VPC and without',
    async () => {
      // W3005: osls itself names dependencies twice.
      const { code, stdout, stderr } = await runCfnLint([path, await plain(), '-i', 'W3005']);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    },
    LIMIT_MS,
  );

  test('allows nothing wider than what deploy/iam-exceptions.json gives a reason for, and all of that is used', () => {
    const wide = widePermissions(policiesOf(template), WORDS).map(({ action, resource }) => `${action} on ${resource}`);
    const excepted = exceptions.flatMap(({ actions, resource }) => actions.map((action) => `${action} on ${resource}`));
    expect([...new Set(wide)].sort()).toEqual(excepted.sort());
  });

  test(
    'has policies in which parliament finds nothing',
    async () => {
      const findings = await runParliament(policiesOf(template));
      expect(findings.filter((it) => !isWrongOf(it))).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'has a rule of EventBridge for the sources that are named, which alone may call its function and keep what failed; and none where none is named',
    async () => {
      const isOfRule = { 'Fn::GetAtt': ['EventRule', 'Arn'] };
      const [rule] = partsOf('AWS::Events::Rule', template).filter(({ EventPattern }) => EventPattern);
      expect(rule).toMatchObject({
        EventBusName: 'shop',
        EventPattern: { source: ['com.example.orders', 'com.example.returns'] },
        Targets: [{ Arn: { 'Fn::GetAtt': ['QueueDashsourceLambdaFunction', 'Arn'] } }],
      });
      const callers = partsOf('AWS::Lambda::Permission', template).filter(
        ({ FunctionName }) => JSON.stringify(FunctionName) === '{"Fn::GetAtt":["QueueDashsourceLambdaFunction","Arn"]}',
      );
      expect(callers).toMatchObject([{ Principal: 'events.amazonaws.com', SourceArn: isOfRule }]);
      const [{ PolicyDocument } = {}] = partsOf('AWS::SQS::QueuePolicy', template);
      expect(PolicyDocument).toMatchObject({
        Statement: [{ Condition: { ArnEquals: { 'aws:SourceArn': isOfRule } } }],
      });
      const without: Template = JSON.parse(readFileSync(await plain(), 'utf8'));
      expect([
        partsOf('AWS::Events::Rule', without).filter(({ EventPattern }) => EventPattern),
        partsOf('AWS::SQS::QueuePolicy', without),
      ]).toEqual([[], []]);
    },
    LIMIT_MS,
  );

  test(
    'gives layers to the functions that open drivers or publish, and the architecture to all',
    async () => {
      const functionsOf = (one: Template) =>
        partsOf('AWS::Lambda::Function', one) as {
          FunctionName: string;
          Layers?: string[];
          Architectures: string[];
          Environment: { Variables: Record<string, string> };
        }[];
      const functions = functionsOf(template);
      const layered = functions.filter(({ Layers = [] }) => Layers.length > 0);
      expect(layered.map(({ FunctionName }) => FunctionName.replace('pulsar-io-serverless-dev-', '')).sort()).toEqual([
        ...['http-source', 'sink', 'source'],
      ]);
      for (const { Layers } of layered) expect(Layers).toEqual(LAYERS);
      expect(new Set(functions.flatMap(({ Architectures }) => Architectures))).toEqual(new Set(['x86_64']));
      expect(functions.every(({ Environment }) => Environment.Variables.PULSAR_CLIENT === 'native')).toBe(true);
      const without = functionsOf(JSON.parse(readFileSync(await plain(), 'utf8')));
      expect(without.flatMap(({ Layers = [] }) => Layers)).toEqual([]);
      expect(new Set(without.flatMap(({ Architectures }) => Architectures))).toEqual(new Set(['arm64']));
    },
    LIMIT_MS,
  );

  test('has a role of its own for each function, which can be assumed by Lambda alone', () => {
    const functions = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    const roles = functions.map(({ Properties }) => (Properties.Role as { 'Fn::GetAtt': string[] })['Fn::GetAtt'][0]);
    expect(functions.length).toBeGreaterThanOrEqual(6);
    expect(new Set(roles).size).toBe(functions.length);
  });

  test('has Lambda break off no loop of a function that invokes itself: a busy run hands over for ever', () => {
    const functions = partsOf('AWS::Lambda::Function', template) as { FunctionName: string; RecursiveLoop?: string }[];
    const policies = Object.values(policiesOf(template)).map((policy) => JSON.stringify(policy));
    const invokesItself = ({ FunctionName }: { FunctionName: string }) =>
      policies.some(
        (it) => it.includes(`log-group:/aws/lambda/${FunctionName}:`) && it.includes(`:function:${FunctionName}"]`),
      );
    const allowed = functions.filter(({ RecursiveLoop }) => RecursiveLoop === 'Allow');
    expect(
      functions
        .filter(invokesItself)
        .map(({ FunctionName }) => FunctionName)
        .sort(),
    ).toEqual(['dispatcher', 'sink', 'source'].map((name) => `pulsar-io-serverless-dev-${name}`));
    expect(allowed.map(({ FunctionName }) => FunctionName).sort()).toEqual(
      functions
        .filter(invokesItself)
        .map(({ FunctionName }) => FunctionName)
        .sort(),
    );
  });
});
