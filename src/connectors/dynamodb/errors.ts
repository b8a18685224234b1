import { PulsarIoError } from '../../core/errors.ts';
import { awsText, isMisconfigured } from '../aws/errors.ts';

/** Names of DynamoDB's errors that blame the item (API reference, "PutItem: Errors"). */
const REJECTED = ['ValidationException', 'ItemCollectionSizeLimitExceededException', 'SerializationException'];

/** An error of the client as ours. What it says of a rejected item may quote a value, so that is left out, and the cause with it. */
export const dynamodbError = (error: unknown, doing: string): PulsarIoError => {
  if (error instanceof PulsarIoError) return error;
  const { name = 'Error' } = error as Partial<Error>;
  if (REJECTED.includes(name))
    return new PulsarIoError('PIO_SINK_REJECTED', `${doing}: DynamoDB refuses the item (${name})`);
  const code = isMisconfigured(error) ? 'PIO_SINK_MISCONFIGURED' : 'PIO_SINK_UNAVAILABLE';
  return new PulsarIoError(code, `${doing}: ${awsText(error)}`, { cause: error });
};
