import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

const commands = [BatchGetItemCommand, DeleteItemCommand, GetItemCommand, PutItemCommand, QueryCommand, InvokeCommand];
const clients = [new DynamoDBClient({}), new LambdaClient({})];

/** The second floor: what every function needs of AWS, the table and invocations. */
export const handler = async (): Promise<number> => commands.length + clients.length;
