import { type RunResult, run } from './kit/run.ts';
import { defineTool } from './kit/service.ts';
import { awsPython } from './moto.ts';

/** A Python with checkers of CloudFormation templates and IAM policies. */
export interface TemplateChecksAddress {
  /** Path of the interpreter. */
  readonly python: string;
}

/** cfn-lint and parliament as a service that suites can need. */
export const templateChecks = defineTool({
  name: 'templateChecks',
  tools: [],
  prepare: async (): Promise<TemplateChecksAddress> => ({ python: await awsPython() }),
});

const TIMEOUT_MS = 60_000;

const CFN_LINT = 'from cfnlint.runner import main; main()';

/** Runs `cfn-lint ...args`. A non-zero exit is a result, not an error. */
export const runCfnLint = async (args: readonly string[]): Promise<RunResult> =>
  run(await awsPython(), ['-c', CFN_LINT, ...args], { timeoutMs: TIMEOUT_MS });

const PARLIAMENT = `
import json, sys
from parliament import analyze_policy_string
for name, text in json.loads(sys.argv[1]).items():
    for found in analyze_policy_string(text, include_community_auditors=True).findings:
        print(json.dumps({'policy': name, 'issue': found.issue, 'detail': str(found.detail)}))
`;

/** One thing that parliament found in a policy. */
export interface PolicyFinding {
  readonly policy: string;
  readonly issue: string;
  readonly detail: string;
}

/** What parliament finds in policies, given by name. Throws when it does not run. */
export const runParliament = async (policies: Readonly<Record<string, object>>): Promise<PolicyFinding[]> => {
  const texts = Object.fromEntries(Object.entries(policies).map(([name, policy]) => [name, JSON.stringify(policy)]));
  const args = ['-c', PARLIAMENT, JSON.stringify(texts)];
  const { code, stdout, stderr } = await run(await awsPython(), args, { timeoutMs: TIMEOUT_MS });
  if (code !== 0) throw new Error(`parliament failed: ${stderr.slice(-2_000)}`);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as PolicyFinding);
};
