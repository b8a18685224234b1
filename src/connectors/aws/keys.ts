import { Type } from '@sinclair/typebox';
import { pulsarKey, secretString } from '../config.ts';

const javaString = pulsarKey('java.lang.String');

/** Keys of Pulsar's AWS connectors by which a service is reached. */
export const awsKeys = {
  awsEndpoint: Type.String({
    default: '',
    description:
      'Address of the service where it is not the region’s own: a VPC endpoint, or another server that speaks its protocol.',
    ...javaString,
  }),
  awsRegion: Type.String({ minLength: 1, pattern: '^[a-z0-9-]+$', description: 'Region.', ...javaString }),
  awsCredentialPluginName: Type.String({
    default: '',
    description:
      'Only `org.apache.pulsar.io.aws.AwsDefaultProviderChainPlugin` or nothing: the function’s own role, or `awsCredentialPluginParam`. Java classes cannot be loaded.',
    ...javaString,
  }),
  awsCredentialPluginParam: secretString({
    default: '',
    description:
      'JSON `{"accessKey": …, "secretKey": …}`, and `sessionToken` where there is one. Empty: the role of the function that runs the connector.',
    ...javaString,
  }),
};
