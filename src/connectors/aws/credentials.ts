import type { Problem } from '../../core/connector-type.ts';

/** Keys of StreamNative's AWS connectors that name credentials. */
export interface AwsCredentialConfig {
  readonly awsCredentialPluginName: string;
  readonly awsCredentialPluginParam: string;
}

const DEFAULT_CHAIN = 'org.apache.pulsar.io.aws.AwsDefaultProviderChainPlugin';

/** Credentials of a configuration; undefined: the role of the function. */
export const credentialsOf = ({ awsCredentialPluginName, awsCredentialPluginParam }: AwsCredentialConfig) => {
  if (awsCredentialPluginName === DEFAULT_CHAIN || awsCredentialPluginParam === '') return undefined;
  const { accessKey, secretKey, sessionToken } = JSON.parse(awsCredentialPluginParam);
  return { accessKeyId: accessKey, secretAccessKey: secretKey, ...(sessionToken && { sessionToken }) };
};

/** Problems of the keys that name credentials. */
export const checkCredentials = (config: AwsCredentialConfig): Problem[] => {
  const { awsCredentialPluginName: plugin } = config;
  if (plugin !== '' && plugin !== DEFAULT_CHAIN)
    return [
      {
        path: '/configs/awsCredentialPluginName',
        message: `must be empty or ${DEFAULT_CHAIN}: Java classes cannot be loaded here`,
      },
    ];
  try {
    const credentials = credentialsOf(config);
    if (!credentials || [credentials.accessKeyId, credentials.secretAccessKey].every((it) => typeof it === 'string'))
      return [];
  } catch {
    // Said below, without the text, which is a secret.
  }
  const path = '/configs/awsCredentialPluginParam';
  return [{ path, message: 'must be a JSON object with the texts accessKey and secretKey, or be absent' }];
};
