import { GetParameterCommand, SSMClient, type SSMClientConfig } from '@aws-sdk/client-ssm';

/** A decrypted parameter; undefined when it has no text. Rejects with the AWS error. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html */
export const readParameter = async (
  name: string,
  config: SSMClientConfig,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const command = new GetParameterCommand({ Name: name, WithDecryption: true });
  return (await new SSMClient(config).send(command, { abortSignal: signal })).Parameter?.Value;
};
