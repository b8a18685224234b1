import { Type } from '@sinclair/typebox';
import { Check } from '@sinclair/typebox/value';
import type { BatchTask } from '../../core/connector-type.ts';
import { PulsarIoError } from '../../core/errors.ts';
import { isSelected, type S3Config } from './config.ts';

/** One version of an object, which never changes. */
export interface S3Object {
  readonly key: string;
  /** Without quotes. */
  readonly etag: string;
  readonly size: number;
  /** Absent in a bucket without versions, and where the listing did not tell. */
  readonly versionId?: string;
}

/** The task of reading an object: the same one whether a listing or an event found it. */
export const taskOf = ({ key, etag, size, versionId }: S3Object): BatchTask => ({
  id: `${key}#${etag}`,
  task: { key, etag, size, ...(versionId !== undefined && { versionId }) },
});

const facts = { size: Type.Optional(Type.Integer({ minimum: 0 })), key: Type.String({ minLength: 1 }) };

/** S3's own notification (AWS: "Event message structure"), as far as it is looked at. */
const notification = Type.Object({
  Records: Type.Array(
    Type.Object({
      eventSource: Type.Literal('aws:s3'),
      eventName: Type.String({ minLength: 1 }),
      s3: Type.Object({
        bucket: Type.Object({ arn: Type.String({ minLength: 1 }) }),
        object: Type.Object({ ...facts, eTag: Type.Optional(Type.String()), versionId: Type.Optional(Type.String()) }),
      }),
    }),
    { minItems: 1 },
  ),
});

/** The same through EventBridge (AWS: "EventBridge event message structure"). */
const bridged = Type.Object({
  source: Type.Literal('aws.s3'),
  'detail-type': Type.String({ minLength: 1 }),
  detail: Type.Object({
    object: Type.Object({
      ...facts,
      etag: Type.Optional(Type.String()),
      'version-id': Type.Optional(Type.String()),
    }),
  }),
});

/** Tasks of an event that S3 or EventBridge sends. Events of other kinds (deleted, restored) have none. Throws `PIO_REQUEST_INVALID` for any other shape. */
export const tasksOfEvent = (event: unknown, config: S3Config): readonly BatchTask[] =>
  objectsOf(event)
    .filter(({ key, size }) => size > 0 && isSelected(config, key))
    .map(taskOf);

const objectsOf = (event: unknown): readonly S3Object[] => {
  if (Check(notification, event)) {
    return event.Records.filter(({ eventName }) => /^(s3:)?ObjectCreated:/.test(eventName)).map(({ s3: { object } }) =>
      objectOf(decodeKey(object.key), object.eTag, object.size, object.versionId),
    );
  }
  if (Check(bridged, event)) {
    if (event['detail-type'] !== 'Object Created') return [];
    const { key, etag, size, 'version-id': versionId } = event.detail.object;
    return [objectOf(key, etag, size, versionId)];
  }
  throw new PulsarIoError(
    'PIO_REQUEST_INVALID',
    'this is neither a notification of S3 nor its event through EventBridge: see events/s3-object-created.json',
  );
};

const objectOf = (key: string, etag = '', size: number | undefined, versionId: string | undefined): S3Object => {
  if (etag !== '' && size !== undefined) return { key, etag, size, ...(versionId && { versionId }) };
  throw new PulsarIoError('PIO_REQUEST_INVALID', 'the event tells no entity tag and size of its object');
};

/** A notification has keys as HTML forms encode them. */
const decodeKey = (key: string): string => {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw new PulsarIoError('PIO_REQUEST_INVALID', 'the event has a key that is not encoded', { cause });
  }
};
