import { type AwsCredentialConfig, credentialsOf } from './credentials.ts';

/** Keys of Pulsar's AWS connectors by which a client reaches its service. */
export interface AwsClientConfig extends AwsCredentialConfig {
  readonly awsEndpoint: string;
  readonly awsRegion: string;
}

const CONNECT_MS = 2_000;
/** Longer than the longest wait for messages or records that is asked for. */
const ANSWER_MS = 8_000;

/** Options of every AWS client of a connector: where, as whom, and how long an attempt may take. */
export const clientOptions = (config: AwsClientConfig) => {
  const { awsEndpoint, awsRegion } = config;
  const credentials = credentialsOf(config);
  return {
    region: awsRegion,
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      socketTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
    },
    ...(credentials && { credentials }),
    ...(awsEndpoint !== '' && { endpoint: awsEndpoint }),
  };
};
