'use strict';

/** Parameters that `serverless deploy` must be given together or in a form; checked before anything is created. */
const problemsOf = ({
  pulsarServiceUrl,
  pulsarAdminUrl,
  authentication,
  tokenSecretKey,
  tokenPublicKey,
  superUserRoles,
}) => {
  const problems = [];
  const problem = (condition, text) => condition && problems.push(text);
  problem(
    /\/\/pulsar\.example\.com/.test(pulsarServiceUrl) || !/^pulsar(\+ssl)?:\/\/[^/]/.test(pulsarServiceUrl),
    'pulsarServiceUrl: the address of your brokers, --param pulsarServiceUrl=pulsar+ssl://HOST:6651',
  );
  problem(
    pulsarAdminUrl && !/^https?:\/\/[^/]/.test(pulsarAdminUrl),
    'pulsarAdminUrl: the address of its admin API, --param pulsarAdminUrl=https://HOST:8443',
  );
  problem(!['token', 'none'].includes(authentication), 'authentication: token or none');
  if (authentication !== 'token') return problems;
  problem(
    !tokenSecretKey && !tokenPublicKey,
    'tokenSecretKey or tokenPublicKey: the key of your cluster (broker.conf), or where it is kept, e.g. --param tokenSecretKey=ssm:/pulsar-io/dev/token-key. ' +
      'Make one with: pulsar tokens create-secret-key --base64. --param authentication=none lets everybody in',
  );
  problem(tokenSecretKey && tokenPublicKey, 'tokenSecretKey and tokenPublicKey: give one of them');
  problem(
    !superUserRoles && !pulsarAdminUrl,
    'superUserRoles: without pulsarAdminUrl no grants can be read, so only these roles may do anything, --param superUserRoles=admin',
  );
  return problems;
};

const NAMES = [
  'pulsarServiceUrl',
  'pulsarAdminUrl',
  'authentication',
  'tokenSecretKey',
  'tokenPublicKey',
  'superUserRoles',
];

/** Resolved by serverless.yml as a variable: the variable system has no other place where the values are known and nothing was done yet. */
module.exports.checked = async ({ resolveVariable }) => {
  if (!process.argv.includes('deploy')) return 'not deployed';
  const values = await Promise.all(NAMES.map(async (name) => [name, (await resolveVariable(`param:${name}`)) ?? '']));
  const problems = problemsOf(Object.fromEntries(values));
  if (problems.length === 0) return 'checked';
  const error = new Error(`nothing was deployed; parameters are missing or wrong:\n- ${problems.join('\n- ')}`);
  delete error.stack;
  throw error;
};
module.exports.problemsOf = problemsOf;
