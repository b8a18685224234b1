'use strict';

const LIST = /^[^,\s]+(,[^,\s]+)*$/;
const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 2192, 2557, 2922, 3288, 3653];
/** Lambda's longest function name is 64 characters, and ours begin with the service's. */
const STAGE = /^[a-z][a-z0-9-]{0,19}$/;

const isInteger = (text, min, max) => /^\d+$/.test(String(text)) && Number(text) >= min && Number(text) <= max;

/** What is said of `value` under `name`, when `holds` does not. */
const rule = (name, holds, right) => (parameters) => (holds(parameters) ? [] : [`${name}: ${right}`]);

const pulsar = [
  rule(
    'pulsarServiceUrl',
    ({ pulsarServiceUrl: url }) => !/\/\/pulsar\.example\.com/.test(url) && /^pulsar(\+ssl)?:\/\/[^/]/.test(url),
    'the address of your brokers, --param pulsarServiceUrl=pulsar+ssl://HOST:6651',
  ),
  rule(
    'pulsarAdminUrl',
    ({ pulsarAdminUrl: url }) => !url || /^https?:\/\/[^/]/.test(url),
    'the address of its admin API, --param pulsarAdminUrl=https://HOST:8443',
  ),
];

const authentication = [
  rule('authentication', ({ authentication: it }) => ['token', 'none'].includes(it), 'token or none'),
  rule(
    'tokenSecretKey or tokenPublicKey',
    (it) => it.authentication !== 'token' || it.tokenSecretKey || it.tokenPublicKey,
    'the key of your cluster (broker.conf), or where it is kept, e.g. --param tokenSecretKey=ssm:/pulsar-io/dev/token-key. ' +
      'Make one with: pulsar tokens create-secret-key --base64. --param authentication=none lets everybody in',
  ),
  rule(
    'tokenSecretKey and tokenPublicKey',
    (it) => it.authentication !== 'token' || !it.tokenSecretKey || !it.tokenPublicKey,
    'give one of them',
  ),
  rule(
    'superUserRoles',
    (it) => it.authentication !== 'token' || it.superUserRoles || it.pulsarAdminUrl,
    'without pulsarAdminUrl no grants can be read, so only these roles may do anything, --param superUserRoles=admin',
  ),
  rule(
    'authentication=none',
    (it) => it.authentication !== 'none' || !(it.tokenSecretKey || it.tokenPublicKey || it.superUserRoles),
    'contradicts tokenSecretKey, tokenPublicKey and superUserRoles: give it or these',
  ),
];

const network = [
  rule(
    'vpcSubnetIds and vpcSecurityGroupIds',
    (it) => Boolean(it.vpcSubnetIds) === Boolean(it.vpcSecurityGroupIds),
    'give both, or none for functions outside of a VPC',
  ),
  rule(
    'vpcSubnetIds',
    ({ vpcSubnetIds: ids }) => !ids || (LIST.test(ids) && ids.split(',').every((id) => id.startsWith('subnet-'))),
    'subnets with commas between, --param vpcSubnetIds=subnet-1,subnet-2',
  ),
  rule(
    'vpcSecurityGroupIds',
    ({ vpcSecurityGroupIds: ids }) => !ids || (LIST.test(ids) && ids.split(',').every((id) => id.startsWith('sg-'))),
    'security groups with commas between, --param vpcSecurityGroupIds=sg-1',
  ),
];

const concurrency = (name) =>
  rule(
    name,
    ({ [name]: it }) => it === 'none' || isInteger(it, 1, 10_000),
    'how many may run at once, at least 1; none reserves nothing',
  );

const sizes = [
  rule('memory', ({ memory }) => isInteger(memory, 128, 10_240), 'megabytes of a function, 128 to 10240'),
  concurrency('runConcurrency'),
  concurrency('requestConcurrency'),
  rule(
    'logRetentionDays',
    ({ logRetentionDays: days }) => LOG_DAYS.includes(Number(days)),
    `one of CloudWatch's: ${LOG_DAYS.join(', ')}`,
  ),
  rule('maxLagSeconds', ({ maxLagSeconds: it }) => isInteger(it, 1, 1_209_600), 'seconds, at least 1'),
];

const names = [
  rule('stage', ({ stage }) => STAGE.test(stage), 'at most 20 of a-z, 0-9 and -, begun by a letter'),
  rule('table', ({ table }) => /^[\w.-]{3,255}$/.test(table), '3 to 255 of a-z, A-Z, 0-9, _, - and .'),
  rule('tableOnRemove', ({ tableOnRemove: it }) => ['keep', 'delete'].includes(it), 'keep or delete'),
  rule(
    'storeUrl',
    ({ storeUrl, table }) => storeUrl === `dynamodb:${table}`,
    'a deployment keeps its own table: leave storeUrl out, and name it by table',
  ),
  rule('secretsPath', ({ secretsPath: path }) => /^(\/[\w.-]+)+$/.test(path), 'begins with / and does not end with it'),
  rule(
    'alarmTopicArn',
    ({ alarmTopicArn: arn }) => !arn || /^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+(\.fifo)?$/.test(arn),
    'the ARN of an SNS topic that alarms are sent to; empty: they are only shown',
  ),
];

const PREFIX = /^[A-Za-z0-9][\w.-]{2,}$/;

/** A right to write to everything would reach what others rest on, and the table of checkpoints. */
const sinks = [
  ...['sinkBucketPrefix', 'sinkStreamPrefix', 'sinkTablePrefix'].map((name) =>
    rule(
      name,
      ({ [name]: prefix }) => PREFIX.test(prefix),
      'what the names of what sinks write to begin with, 3 characters at least',
    ),
  ),
  rule(
    'sinkTablePrefix',
    ({ sinkTablePrefix: prefix, table }) => !table.startsWith(prefix),
    'must not be what the name of table begins with: sinks could write checkpoints',
  ),
];

const events = [
  rule(
    'eventSources',
    ({ eventSources: it }) => !it || it.split(',').every((source) => /^[\w.:/ -]{1,256}$/.test(source.trim())),
    'the source of events that EventBridge is to send, with commas between, --param eventSources=com.example.orders',
  ),
  rule(
    'eventBus',
    ({ eventBus }) => /^[\w./-]{1,256}$/.test(eventBus),
    'the name of a bus of EventBridge in the same account',
  ),
];

const LAYER = /^arn:aws[\w-]*:lambda:[\w-]+:\d{12}:layer:[\w-]{1,140}:\d+$/;

const drivers = [
  rule(
    'layers',
    ({ layers }) => listOf(layers).length <= 5 && listOf(layers).every((arn) => LAYER.test(arn)),
    'ARNs of layer versions with commas between, five at most, --param layers=arn:aws:lambda:REGION:ACCOUNT:layer:NAME:1',
  ),
  rule('architecture', ({ architecture: it }) => ['arm64', 'x86_64'].includes(it), 'arm64 or x86_64'),
  rule('pulsarClient', ({ pulsarClient: it }) => ['plain', 'native'].includes(it), 'plain or native'),
  rule(
    'pulsarClient=native',
    (it) => it.pulsarClient !== 'native' || it.layers,
    'needs layers, one of them with the package pulsar-client: a native addon is in no bundle',
  ),
];

const RULES = [...pulsar, ...authentication, ...network, ...sizes, ...names, ...sinks, ...events, ...drivers];

/** What is missing, wrong or contradictory among the parameters, each with what would be right; empty when nothing is. */
const problemsOf = (parameters) => RULES.flatMap((check) => check(parameters));

/** Names given on the command line that no parameter has: a typing mistake would go unnoticed. */
const unknownOf = (given, known) =>
  given
    .map((text) => text.split('=', 1)[0])
    .filter((name) => !known.includes(name))
    .map((name) => `${name}: there is no such parameter; there are ${known.join(', ')}`);

const listOf = (text) =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

const reserved = (count) => (count === 'none' ? { Ref: 'AWS::NoValue' } : Number(count));

/**
 * Values that serverless.yml derives from its parameters. Resolved as a variable: the variable system has no other place where the values are known and nothing was done yet.
 * Throws before `serverless deploy` does anything when parameters are missing or wrong, naming each.
 */
module.exports.deployment = async ({ options, resolveVariable, resolveConfigurationProperty }) => {
  const known = Object.keys(await resolveConfigurationProperty(['params', 'default']));
  const values = await Promise.all(known.map(async (name) => [name, (await resolveVariable(`param:${name}`)) ?? '']));
  const parameters = { ...Object.fromEntries(values), stage: await resolveVariable('sls:stage') };
  if (process.argv.includes('deploy')) refuse([...unknownOf(options.param ?? [], known), ...problemsOf(parameters)]);
  return {
    network: parameters.vpcSubnetIds ? 'vpc' : 'none',
    events: parameters.eventSources ? 'rule' : 'none',
    layers: listOf(parameters.layers),
    eventSources: listOf(parameters.eventSources),
    runConcurrency: reserved(parameters.runConcurrency),
    requestConcurrency: reserved(parameters.requestConcurrency),
    alarmActions: parameters.alarmTopicArn ? [parameters.alarmTopicArn] : [],
    table: parameters.table,
    tableOnRemove: parameters.tableOnRemove,
    authentication: parameters.authentication,
  };
};

const refuse = (problems) => {
  if (problems.length === 0) return;
  const error = new Error(`nothing was deployed; parameters are missing or wrong:\n- ${problems.join('\n- ')}`);
  delete error.stack;
  throw error;
};

module.exports.problemsOf = problemsOf;
module.exports.unknownOf = unknownOf;
