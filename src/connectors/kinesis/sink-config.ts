import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import { checkCredentials } from '../aws/credentials.ts';
import { awsKeys } from '../aws/keys.ts';
import { choice, pulsarKey, strictObject } from '../config.ts';

const { awsEndpoint, awsRegion, awsCredentialPluginName, awsCredentialPluginParam } = awsKeys;
const UNUSED = 'Accepted and not used: ';

/** Keys of Pulsar's `KinesisSinkConfig`, in its order, then ours. */
export const kinesisSinkConfig = strictObject({
  awsEndpoint,
  awsRegion,
  awsKinesisStreamName: Type.String({
    pattern: '^[a-zA-Z0-9_.-]{1,128}$',
    description: 'Stream; it must exist.',
    ...pulsarKey('java.lang.String', '', { required: true }),
  }),
  awsCredentialPluginName,
  awsCredentialPluginParam,
  awsEndpointPort: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: 'Port of `awsEndpoint`, where that has none.',
      ...pulsarKey('java.lang.Integer'),
    }),
  ),
  skipCertificateValidation: Type.Boolean({
    default: false,
    description: 'Whether the server’s certificate is taken unseen.',
    ...pulsarKey('java.lang.Boolean', 'false'),
  }),
  messageFormat: choice(['ONLY_RAW_PAYLOAD', 'FULL_MESSAGE_IN_JSON', 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE'], {
    default: 'ONLY_RAW_PAYLOAD',
    description:
      'What a record holds: the payload as it is; JSON with `payloadBase64` and `properties`; or JSON with `topicName`, `key`, `payload`, `properties` and `eventTime`.',
    ...pulsarKey('org.apache.pulsar.io.kinesis.KinesisSinkConfig$MessageFormat', 'ONLY_RAW_PAYLOAD'),
  }),
  jsonIncludeNonNulls: Type.Boolean({
    default: true,
    description: 'With `FULL_MESSAGE_IN_JSON_EXPAND_VALUE`: whether fields of the message without value are left out.',
    ...pulsarKey('boolean', 'true'),
  }),
  retainOrdering: Type.Boolean({
    default: false,
    description:
      'Whether the records of a key keep their order also when some of them are refused for load: each is then sent when the one before has arrived.',
    ...pulsarKey('boolean', 'false'),
  }),
  retryInitialDelayInMillis: Type.Integer({
    minimum: 0,
    default: 100,
    description: `${UNUSED}\`retryBackoffMs\` of \`customRuntimeOptions\` says how long is waited.`,
    ...pulsarKey('long', '100'),
  }),
  retryMaxDelayInMillis: Type.Integer({
    minimum: 0,
    default: 60_000,
    description: `${UNUSED}\`retryBackoffMaxMs\` of \`customRuntimeOptions\` says how long is waited at most.`,
    ...pulsarKey('long', '60000'),
  }),
  concurrency: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 8,
    description: 'Most requests under way at once.',
  }),
});

/** Validated configuration of the Kinesis sink. */
export type KinesisSinkConfig = Static<typeof kinesisSinkConfig>;

/** Address of the service: a host alone is spoken to by TLS, as in Pulsar. */
export const endpointOf = ({ awsEndpoint: text, awsEndpointPort: port }: KinesisSinkConfig): string => {
  if (text === '') return '';
  const url = new URL(text.includes('://') ? text : `https://${text}`);
  if (port !== undefined && url.port === '') url.port = String(port);
  return url.href;
};

/** Cross-field rules of {@link kinesisSinkConfig}. */
export const checkKinesisSink = (config: KinesisSinkConfig): Problem[] => {
  const problems = checkCredentials(config);
  try {
    endpointOf(config);
  } catch {
    problems.push({ path: '/configs/awsEndpoint', message: 'must be a host or an address' });
  }
  return problems;
};
