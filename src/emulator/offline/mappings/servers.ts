import { invalid, readArn } from './mapping.ts';

/** Variables by which the AWS SDK is told of another server, by the service of a resource name. */
const VARIABLES: Readonly<Record<string, string>> = {
  sqs: 'AWS_ENDPOINT_URL_SQS',
  kinesis: 'AWS_ENDPOINT_URL_KINESIS',
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB_STREAMS',
};

/** Options of an SDK client. */
export interface ServerOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Where the queue or stream of that name is. Throws `InvalidParameterValueException` without an address: nothing is ever received from AWS because somebody forgot one.
 */
export const serverOf = (arn: string, env: NodeJS.ProcessEnv): ServerOptions => {
  const { service, region } = readArn(arn);
  const variable = VARIABLES[service];
  if (!variable) throw invalid(`${arn} is of a service that is not emulated offline: sqs, kinesis and dynamodb are`);
  const endpoint = env[variable] || env.AWS_ENDPOINT_URL;
  if (!endpoint)
    throw invalid(`start it with ${variable}=http://HOST:PORT, the server that has ${arn}, or configure trigger: poll`);
  const hasOwn = env.AWS_ACCESS_KEY_ID || env.AWS_PROFILE;
  // The SDK wants some, whatever the server thinks of them.
  const credentials = { accessKeyId: 'offline', secretAccessKey: 'offline' };
  return { endpoint, region, ...(!hasOwn && { credentials }) };
};
