import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { deleteTable, outputsOf, ownsTable, tableExists } from './stack.ts';

/** What `deploy/parameters.cjs` made of the parameters. */
interface Deployment {
  readonly table: string;
  readonly tableOnRemove: 'keep' | 'delete';
  readonly authentication: 'token' | 'none';
}

/** The part of osls that this plugin uses. */
interface Osls {
  readonly service: {
    readonly custom: { readonly deployment: Deployment; readonly network: { readonly vpc?: object } };
    readonly provider: { vpc?: object };
    readonly resources: { readonly Resources: Record<string, unknown> };
  };
  readonly processedInput: { readonly commands: readonly string[] };
  addServiceOutputSection(section: string, content: string | string[]): void;
  getProvider(name: 'aws'): {
    readonly naming: { getStackName(): string };
    getCloudFormationClient(): Promise<CloudFormationClient>;
    getAwsSdkV3Config(): Promise<DynamoDBClientConfig>;
  };
}

interface Utilities {
  readonly log: { notice(text: string): void };
}

/** Plugin of osls: a table that an earlier deployment left is used again; says what to type next; on `remove` does with the table what was asked. */
export default class DeployPlugin {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;
  readonly #osls: Osls;
  readonly #log: Utilities['log'];

  constructor(osls: Osls, _options: object, { log }: Utilities) {
    this.#osls = osls;
    this.#log = log;
    this.hooks = {
      'before:package:initialize': async () => this.#joinNetwork(),
      'before:package:finalize': () => this.#useTableThatIsThere(),
      'aws:info:displayStackOutputs': () => this.#sayWhatIsNext(),
      'after:remove:remove': () => this.#endTable(),
    };
  }

  get #deployment(): Deployment {
    return this.#osls.service.custom.deployment;
  }

  get #stackName(): string {
    return this.#osls.getProvider('aws').naming.getStackName();
  }

  /** Here, because osls takes no empty `provider.vpc`. */
  #joinNetwork(): void {
    const { custom, provider } = this.#osls.service;
    if (custom.network.vpc) provider.vpc = custom.network.vpc;
  }

  /** A table is no resource of a stack that did not make it: CloudFormation would fail to make it again. */
  async #useTableThatIsThere(): Promise<void> {
    if (this.#osls.processedInput.commands.join(' ') !== 'deploy') return;
    const aws = this.#osls.getProvider('aws');
    const { table } = this.#deployment;
    if (await ownsTable(await aws.getCloudFormationClient(), this.#stackName)) return;
    if (!(await tableExists(await aws.getAwsSdkV3Config(), table))) return;
    delete this.#osls.service.resources.Resources.Table;
    this.#log.notice(`Table ${table} is there already, and is used with what it holds`);
  }

  async #sayWhatIsNext(): Promise<void> {
    const client = await this.#osls.getProvider('aws').getCloudFormationClient();
    const { AdminUrl } = await outputsOf(client, this.#stackName);
    if (!AdminUrl) return;
    this.#osls.addServiceOutputSection('admin URL', AdminUrl);
    this.#osls.addServiceOutputSection('next', nextCommands(AdminUrl, this.#deployment.authentication));
  }

  async #endTable(): Promise<void> {
    const { table, tableOnRemove } = this.#deployment;
    const config = await this.#osls.getProvider('aws').getAwsSdkV3Config();
    if (!(await tableExists(config, table))) return;
    if (tableOnRemove === 'delete') {
      await deleteTable(config, table);
      this.#log.notice(`Table ${table} was deleted with all connectors and their progress`);
      return;
    }
    this.#log.notice(
      `Table ${table} was kept: the next deployment goes on with its connectors. ` +
        `To delete it: serverless remove --param tableOnRemove=delete, or aws dynamodb delete-table --table-name ${table}`,
    );
  }
}

/** What to type after a deployment: a call that shows that the admin API answers. */
export const nextCommands = (adminUrl: string, authentication: Deployment['authentication']): string[] => {
  const token =
    authentication === 'token'
      ? ' --auth-plugin org.apache.pulsar.client.impl.auth.AuthenticationToken --auth-params token:YOUR_TOKEN'
      : '';
  const header = authentication === 'token' ? ' -H "Authorization: Bearer YOUR_TOKEN"' : '';
  return [
    `pulsar-admin --admin-url ${adminUrl}${token} sources list --tenant public --namespace default`,
    `curl${header} ${adminUrl}/admin/v3/sources/public/default`,
  ];
};
