import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, expect, test } from '@jest/globals';
import { outputsOf } from '../../deploy/stack.ts';
import { configurationOf, deployedFunction } from '../deploy/deployed-function.ts';
import { params, runServerless } from '../deploy/serverless.ts';
import { httpEvent } from '../lambda/http-event.ts';
import { LambdaFunction } from '../lambda/lambda-function.ts';
import { describeReal, signToken, useMoto } from '../services/index.ts';

const LIMIT_MS = 120_000;
const STAGE = 'suite';
const STACK = `pulsar-io-serverless-${STAGE}`;
const KEY = Buffer.from('a key of thirty-two bytes or more');
const PATH = '/admin/v3/sources/public/default';

/** What a deployment without a reachable Pulsar needs. */
const VALUES = {
  pulsarServiceUrl: 'pulsar://broker:6650',
  tokenSecretKey: `ssm:/pulsar-io/${STAGE}/token-key`,
  superUserRoles: 'admin',
};

/** One test after the other: the life of one deployment. */
describeReal('serverless deploy', ['moto'], () => {
  const sls = async (command: string, values: Readonly<Record<string, string>> = {}): Promise<string> => {
    const args = [command, '--stage', STAGE, ...params({ ...VALUES, ...values })];
    const { code, stdout, stderr } = await runServerless(args, useMoto());
    if (code !== 0) throw new Error(`serverless ${command} failed:\n${stdout}${stderr}`);
    return stdout + stderr;
  };
  const outputs = async () => outputsOf(new CloudFormationClient(useMoto()), STACK);
  const hasTable = async (): Promise<boolean> =>
    new DynamoDBClient(useMoto()).send(new DescribeTableCommand({ TableName: STACK })).then(
      () => true,
      () => false,
    );

  let admin: LambdaFunction | undefined;
  afterAll(() => admin?.stop());
  /** A call of the deployed admin API, in the process that Lambda would run. */
  const callAdmin = async (method: string, path: string, body = '', role = 'admin') => {
    const { ServerlessDeploymentBucketName = '' } = await outputs();
    admin ??= new LambdaFunction(
      await deployedFunction(useMoto(), ServerlessDeploymentBucketName, `${STACK}-admin`, 'admin.zip'),
    );
    const headers = { authorization: `Bearer ${signToken(role, undefined, KEY)}`, 'content-type': BOUNDARY };
    const outcome = await admin.invoke(
      Buffer.from(JSON.stringify(httpEvent(method, path, headers, Buffer.from(body)))),
    );
    if (outcome.kind !== 'response') throw new Error(`the admin function ended with ${outcome.kind}`);
    return JSON.parse(outcome.body.toString()) as { statusCode: number; body?: string };
  };

  test(
    'makes everything, and prints the admin URL and what to type next',
    async () => {
      const Value = KEY.toString('base64');
      const Name = `/pulsar-io/${STAGE}/token-key`;
      await new SSMClient(useMoto()).send(new PutParameterCommand({ Name, Value, Type: 'SecureString' }));
      const said = await sls('deploy');
      const { AdminUrl } = await outputs();
      expect(AdminUrl).toMatch(/^https:\/\/.*execute-api/);
      expect(said).toContain(`admin URL: ${AdminUrl}`);
      expect(said).toContain(`pulsar-admin --admin-url ${AdminUrl} --auth-plugin`);
      expect(await hasTable()).toBe(true);
      expect(await configurationOf(useMoto(), `${STACK}-sink`)).toMatchObject({
        Runtime: 'nodejs24.x',
        Handler: 'handlers/sink.handler',
        MemorySize: 512,
        Timeout: 900,
        Environment: { Variables: { STORE_URL: `dynamodb:${STACK}`, RUNNER_FUNCTION_PREFIX: `${STACK}-` } },
      });
    },
    LIMIT_MS,
  );

  test(
    'deploys an admin API that reads its key from Parameter Store and keeps connectors in the table',
    async () => {
      expect(await callAdmin('POST', `${PATH}/numbers`, FORM)).toMatchObject({ statusCode: 204 });
      expect(await callAdmin('GET', PATH)).toMatchObject({ statusCode: 200, body: '["numbers"]' });
      expect(await callAdmin('GET', PATH, '', 'somebody')).toMatchObject({ statusCode: 401 });
    },
    LIMIT_MS,
  );

  test(
    'info prints the same, and a second deployment changes what is asked',
    async () => {
      expect(await sls('info')).toContain(`admin URL: ${(await outputs()).AdminUrl}`);
      await sls('deploy', { memory: '1024' });
      expect(await configurationOf(useMoto(), `${STACK}-sink`)).toMatchObject({ MemorySize: 1024 });
      expect(await callAdmin('GET', PATH)).toMatchObject({ body: '["numbers"]' });
    },
    LIMIT_MS,
  );

  test(
    'remove keeps the table, and the next deployment goes on with its connectors',
    async () => {
      expect(await sls('remove')).toContain(`Table ${STACK} was kept`);
      expect(await configurationOf(useMoto(), `${STACK}-sink`)).toBeUndefined();
      expect(await hasTable()).toBe(true);
      expect(await sls('deploy')).toContain(`Table ${STACK} is there already`);
      await admin?.stop();
      admin = undefined;
      expect(await callAdmin('GET', PATH)).toMatchObject({ body: '["numbers"]' });
    },
    LIMIT_MS,
  );

  test(
    'remove deletes the table when it is asked to',
    async () => {
      expect(await sls('remove', { tableOnRemove: 'delete' })).toContain(`Table ${STACK} was deleted`);
      expect(await hasTable()).toBe(false);
    },
    LIMIT_MS,
  );
});

const BOUNDARY = 'multipart/form-data; boundary=part';
const FORM = [
  '--part',
  'Content-Disposition: form-data; name="sourceConfig"',
  'Content-Type: application/json',
  '',
  JSON.stringify({ topicName: 'numbers', archive: 'builtin://data-generator', configs: {} }),
  '--part--',
  '',
].join('\r\n');
