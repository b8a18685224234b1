import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';

/** A secret's text; undefined when it has none. Rejects with the AWS error. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
export const readSecret = async (
  name: string,
  config: SecretsManagerClientConfig,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const command = new GetSecretValueCommand({ SecretId: name });
  return (await new SecretsManagerClient(config).send(command, { abortSignal: signal })).SecretString;
};
