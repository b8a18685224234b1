import type { SecretReference } from '../core/secret-reference.ts';

const TIMEOUT_MS = 3_000;
const CLIENT = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: TIMEOUT_MS, throwOnRequestTimeout: true },
};

/**
 * Reads a parameter (decrypted) or a secret. Undefined when it exists without text. Rejects with the AWS error. The clients are loaded when they are first needed.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export const readAwsSecret = async (
  { source, name, key }: SecretReference,
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (source === 'ssm') {
    const { SSMClient, GetParameterCommand } = await import('@aws-sdk/client-ssm');
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const { Parameter } = await new SSMClient(CLIENT).send(command, { abortSignal: signal });
    return Parameter?.Value;
  }
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  const command = new GetSecretValueCommand({ SecretId: name });
  const { SecretString } = await new SecretsManagerClient(CLIENT).send(command, { abortSignal: signal });
  return key === undefined || SecretString === undefined ? SecretString : fieldOf(SecretString, key);
};

const fieldOf = (text: string, key: string): string | undefined => {
  const secret: unknown = JSON.parse(text);
  const value: unknown =
    typeof secret === 'object' && secret !== null && Object.hasOwn(secret, key) ? Reflect.get(secret, key) : undefined;
  return typeof value === 'string' ? value : undefined;
};
