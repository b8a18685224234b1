import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

const MAX_ATTEMPTS = 3;

/** Longest waits of one try, in milliseconds. */
export interface DynamodbTimeouts {
  readonly connectionTimeoutMs?: number;
  /** For the answer to begin, and for each pause within it. */
  readonly requestTimeoutMs?: number;
}

/**
 * A client that gives up a try in time and a call after three tries. Region, credentials and `AWS_ENDPOINT_URL_DYNAMODB` are read by the SDK.
 * Without `throwOnRequestTimeout` the SDK's `requestTimeout` only logs; `socketTimeout` ends an answer that stops in its middle.
 */
export const dynamodbClient = (
  config: DynamoDBClientConfig = {},
  { connectionTimeoutMs = 1_000, requestTimeoutMs = 3_000 }: DynamodbTimeouts = {},
): DynamoDBClient =>
  new DynamoDBClient({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      socketTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
    ...config,
  });
