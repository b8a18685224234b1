import {
  type CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
  ListStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';

const TIMEOUT_MS = 20_000;
const limit = () => ({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) });

/** Whether the stack is there and made the table. */
export const ownsTable = async (client: CloudFormationClient, stack: string): Promise<boolean> => {
  let token: string | undefined;
  do {
    const command = new ListStackResourcesCommand({ StackName: stack, NextToken: token });
    const page = await client.send(command, limit()).catch(unlessMissing);
    if (page?.StackResourceSummaries?.some(({ LogicalResourceId }) => LogicalResourceId === 'Table')) return true;
    token = page?.NextToken;
  } while (token);
  return false;
};

/** What a stack puts out, by name; empty when it is not there. */
export const outputsOf = async (
  client: CloudFormationClient,
  stack: string,
): Promise<Readonly<Record<string, string>>> => {
  const answer = await client.send(new DescribeStacksCommand({ StackName: stack }), limit()).catch(unlessMissing);
  const outputs = answer?.Stacks?.[0]?.Outputs ?? [];
  return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
};

/** CloudFormation calls a stack or resource that does not exist a validation error. */
const unlessMissing = (error: unknown): undefined => {
  if (error instanceof CloudFormationServiceException && error.name === 'ValidationError') return undefined;
  throw error;
};

/** Whether there is such a table. Throws when it is not one of ours. */
export const tableExists = async (config: DynamoDBClientConfig, table: string): Promise<boolean> => {
  const command = new DescribeTableCommand({ TableName: table });
  const answer = await new DynamoDBClient(config).send(command, limit()).catch((error: unknown) => {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  });
  const keys = answer?.Table?.KeySchema?.map(({ AttributeName }) => AttributeName).join();
  if (keys !== undefined && keys !== 'pk,sk') {
    throw new Error(
      `nothing was done: table ${table} is another program's (its keys are ${keys}); name yours by --param table=NAME`,
    );
  }
  return keys !== undefined;
};

/** Deletes the table with all it holds. */
export const deleteTable = async (config: DynamoDBClientConfig, table: string): Promise<void> => {
  await new DynamoDBClient(config).send(new DeleteTableCommand({ TableName: table }), limit());
};
