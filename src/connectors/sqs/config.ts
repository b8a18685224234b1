import { type Static, Type } from '@sinclair/typebox';
import type { Problem } from '../../core/connector-type.ts';
import type { Guarantee } from '../../core/guarantee.ts';
import { checkCredentials } from '../aws/credentials.ts';
import { choice, pulsarKey, secretString, splitList, strictObject } from '../config.ts';

const pulsarString = (help: string, required = false) =>
  pulsarKey('java.lang.String', '', { help, ...(required && { required }) });

/** Keys of StreamNative's `SQSConnectorConfig`, in its order, which source and sink share. */
const common = {
  awsEndpoint: Type.String({
    default: '',
    description:
      'Address of SQS where it is not the region’s own: a VPC endpoint, or another server that speaks its protocol.',
    ...pulsarString(
      'AWS SQS end-point url. It can be found at https://docs.aws.amazon.com/general/latest/gr/rande.html',
    ),
  }),
  awsRegion: Type.String({
    minLength: 1,
    pattern: '^[a-z0-9-]+$',
    description: 'Region of the queue.',
    ...pulsarString('Appropriate aws region. E.g. us-west-1, us-west-2', true),
  }),
  queueName: Type.String({
    minLength: 1,
    pattern: '^[A-Za-z0-9_-]{1,75}(\\.fifo)?$',
    description: 'Queue; it must exist (Pulsar’s connector creates one that does not).',
    ...pulsarString('The SQS queue name that messages should be read from or written to.', true),
  }),
  awsCredentialPluginName: Type.String({
    default: '',
    description:
      'Only `org.apache.pulsar.io.aws.AwsDefaultProviderChainPlugin` or nothing: the function’s own role, or `awsCredentialPluginParam`. Java classes cannot be loaded.',
    ...pulsarString(
      'Fully-Qualified class name of implementation of AwsCredentialProviderPlugin. It is a factory class which creates an AWSCredentialsProvider that will be used by sqs client. If it is empty then sqs client will create a default AWSCredentialsProvider which accepts json of credentials in `awsCredentialPluginParam`',
    ),
  }),
  awsCredentialPluginParam: secretString({
    default: '',
    description:
      'JSON `{"accessKey": …, "secretKey": …}`, and `sessionToken` where there is one. Empty: the role of the function that runs the connector.',
    ...pulsarString('json-parameters to initialize `AwsCredentialsProviderPlugin`'),
  }),
};

const DAY_MS = 86_400_000;

/** Longest that a queue may be set to keep messages (AWS: `MessageRetentionPeriod`), in milliseconds. */
export const MAX_RETENTION_MS = 14 * DAY_MS;
/** A day more, in days: what GUARANTEES rule 37 asks for whatever the queue is set to. */
const SAFE_DAYS = 15;

/** Config of the SQS source. */
export const sqsSourceConfig = strictObject({
  ...common,
  idFrom: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description:
        'Message attribute that holds the id its producer gave the message, by which EFFECTIVELY_ONCE and ATMOST_ONCE tell repetitions. Absent: the id that SQS gave it, which a redrive from a dead-letter queue changes.',
    }),
  ),
  keyFrom: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Message attribute that becomes the key. Absent, and always on a FIFO queue: the message group.',
    }),
  ),
  visibilityTimeoutSeconds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 43_200,
      description: 'How long a received message is hidden from other receivers. Absent: as the queue has it.',
    }),
  ),
  pollIntervalMs: Type.Integer({
    minimum: 0,
    maximum: 86_400_000,
    default: 10_000,
    description: 'How long an empty queue rests before it is looked at again, in milliseconds.',
  }),
  rememberDays: Type.Integer({
    minimum: 1,
    maximum: 400,
    default: SAFE_DAYS,
    description:
      'How long message ids are remembered, in days. EFFECTIVELY_ONCE and ATMOST_ONCE need a day more than the queue keeps messages.',
  }),
  trigger: choice(['poll', 'event'], {
    default: 'poll',
    description:
      '`poll`: scheduled runs receive from the queue. `event`: Lambda receives and calls the function `queue-source`, which costs nothing while the queue is empty.',
  }),
  queueArn: Type.Optional(
    Type.String({
      pattern: '^arn:[a-z-]+:sqs:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]{1,75}(\\.fifo)?$',
      description: 'Amazon resource name of the queue; needed by `event`.',
    }),
  ),
  batchSize: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 10,
    description:
      'With `event`: most messages of one call. Above 10 needs a `batchingWindowSeconds`, and a standard queue.',
  }),
  batchingWindowSeconds: Type.Integer({
    minimum: 0,
    maximum: 300,
    default: 0,
    description: 'With `event`: how long Lambda collects a batch.',
  }),
  maxConcurrency: Type.Optional(
    Type.Integer({
      minimum: 2,
      maximum: 1_000,
      description: 'With `event`: most functions side by side. Absent: as many as Lambda likes.',
    }),
  ),
});

/** Validated configuration of the SQS source. */
export type SqsSourceConfig = Static<typeof sqsSourceConfig>;

/** Config of the SQS sink. */
export const sqsSinkConfig = strictObject({
  ...common,
  keyAttribute: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_.-]{1,256}$',
      description: 'Message attribute that takes the message’s key. Absent: the key is not sent, but as message group.',
    }),
  ),
  propertyAttributes: Type.Optional(
    Type.String({ description: 'Comma-separated properties that are sent as message attributes; at most 8.' }),
  ),
  concurrency: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 8,
    description: 'Most requests under way at once. Messages of one group follow one another.',
  }),
});

/** Validated configuration of the SQS sink. */
export type SqsSinkConfig = Static<typeof sqsSinkConfig>;

/** What both need to reach a queue. */
export type SqsQueueConfig = Pick<
  SqsSourceConfig,
  'awsEndpoint' | 'awsRegion' | 'queueName' | 'awsCredentialPluginName' | 'awsCredentialPluginParam'
>;

/** True for a queue with message groups. */
export const isFifo = ({ queueName }: Pick<SqsQueueConfig, 'queueName'>): boolean => queueName.endsWith('.fifo');

/** How long ids are remembered, in milliseconds. */
export const rememberMs = ({ rememberDays }: SqsSourceConfig): number => rememberDays * DAY_MS;

/** Cross-field rules of {@link sqsSourceConfig}. */
export const checkSqsSource = (config: SqsSourceConfig, guarantee: Guarantee): Problem[] => [
  ...checkCredentials(config),
  ...(config.trigger === 'event' ? checkEvent(config, guarantee) : []),
];

const checkEvent = (config: SqsSourceConfig, guarantee: Guarantee): Problem[] => {
  const problems: Problem[] = [];
  const { queueArn, awsRegion, queueName, batchSize, batchingWindowSeconds, rememberDays } = config;
  const [, , , region, , name] = queueArn?.split(':') ?? [];
  if (region !== awsRegion || name !== queueName)
    problems.push({
      path: '/configs/queueArn',
      message: `must name the queue ${queueName} of ${awsRegion} where trigger is event`,
    });
  if (batchSize > 10 && (isFifo(config) || batchingWindowSeconds === 0))
    problems.push({
      path: '/configs/batchSize',
      message: 'must be at most 10 for a FIFO queue, and where batchingWindowSeconds is 0',
    });
  // Nobody asks the queue how long it keeps messages when it is Lambda that receives.
  if (guarantee !== 'ATLEAST_ONCE' && rememberDays < SAFE_DAYS)
    problems.push({
      path: '/configs/rememberDays',
      message: `must be at least ${SAFE_DAYS} where trigger is event: a queue may keep messages for 14 days`,
    });
  return problems;
};

/** Most attributes besides key and encoding that a message may carry, of SQS's 10. */
const MAX_PROPERTIES = 8;

/** Cross-field rules of {@link sqsSinkConfig}. */
export const checkSqsSink = (config: SqsSinkConfig): Problem[] => {
  const problems = checkCredentials(config);
  if (splitList(config.propertyAttributes).length > MAX_PROPERTIES)
    problems.push({ path: '/configs/propertyAttributes', message: `must name at most ${MAX_PROPERTIES} properties` });
  return problems;
};
