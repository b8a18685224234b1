/**
 * What the runtime does about an error:
 * `retry` leaves the record unsettled and reads it again, `reject` dead-letters it, `fatal` stops the instance.
 */
export type Disposition = 'retry' | 'reject' | 'fatal';

interface ErrorCodeRow {
  readonly disposition: Disposition;
  /** Status of an admin answer that carries this error. */
  readonly http: number;
  readonly meaning: string;
}

const row = (disposition: Disposition, http: number, meaning: string): ErrorCodeRow => ({ disposition, http, meaning });

/** Every error code of the product: the only place where a code gets its disposition and status. `docs/errors.md` is generated from it. */
export const ERROR_CODES = {
  PIO_REQUEST_INVALID: row('fatal', 400, 'An admin request is wrong; the message says what would be right.'),
  PIO_NOT_FOUND: row('fatal', 404, 'No such connector, connector type or path.'),
  PIO_UNSUPPORTED_MEDIA_TYPE: row('fatal', 415, 'The request body has a content type that this path does not take.'),
  PIO_METHOD_NOT_ALLOWED: row('fatal', 405, 'The path exists, but not for this HTTP method.'),
  PIO_PAYLOAD_TOO_LARGE: row('fatal', 413, 'The request body is larger than the limit.'),
  PIO_UNAUTHORIZED: row('fatal', 401, 'The caller is not authenticated, or may not do this.'),
  PIO_SECRET_UNAVAILABLE: row('retry', 503, 'A secret that is named by reference is not set, or could not be read.'),
  PIO_CONFIG_INVALID: row('fatal', 400, 'The connector configuration is wrong; every problem is listed with its path.'),
  PIO_GUARANTEE_REFUSED: row('fatal', 400, 'This connector cannot hold the guarantee with this configuration.'),
  PIO_STORE_CONFLICT: row('retry', 409, 'A conditional write found another version of the item.'),
  PIO_STORE_UNAVAILABLE: row('retry', 503, 'The checkpoint store did not answer, or refused for load or space.'),
  PIO_LEASE_HELD: row('retry', 409, 'Another run works for this instance.'),
  PIO_LEASE_LOST: row('retry', 409, 'This run lost its lease; a successor goes on.'),
  PIO_FENCED: row('retry', 409, 'A newer run fenced this one: its writes are refused.'),
  PIO_RUN_STALE: row('fatal', 409, 'The invocation names an older generation, or a connector that is stopped or gone.'),
  PIO_PULSAR_UNAVAILABLE: row('retry', 503, 'The Pulsar broker did not answer or closed the connection.'),
  PIO_PULSAR_REFUSED: row('retry', 502, 'The Pulsar broker refused the operation.'),
  PIO_PULSAR_BUSY: row('retry', 409, 'Another connection holds this producer name or subscription.'),
  PIO_TOPIC_NOT_FOUND: row('retry', 404, 'The topic, its namespace or its tenant does not exist.'),
  PIO_DEDUPLICATION_OFF: row(
    'fatal',
    400,
    'EFFECTIVELY_ONCE needs deduplication on the output topic, and it is not enabled there.',
  ),
  PIO_PROGRESS_UNCERTAIN: row(
    'fatal',
    409,
    'It cannot be told which records were already published; an operator must choose.',
  ),
  PIO_FRONTIER_STALE: row('fatal', 409, 'The stored frontier does not belong to this topic and subscription any more.'),
  PIO_SOURCE_UNAVAILABLE: row('retry', 503, 'The source system did not answer.'),
  PIO_SOURCE_MISCONFIGURED: row(
    'retry',
    409,
    'The source system is reachable but not as configured: a queue, right or credential is missing.',
  ),
  PIO_SOURCE_CHANGED: row('fatal', 409, 'The source no longer holds what its position points at.'),
  PIO_SOURCE_RECORD_INVALID: row('reject', 422, 'The source gave a record that cannot be published as it is.'),
  PIO_SINK_UNAVAILABLE: row('retry', 503, 'The target system did not answer or refused for load.'),
  PIO_SINK_MISCONFIGURED: row(
    'retry',
    409,
    'The target is reachable but not as configured: a table, column or right is missing.',
  ),
  PIO_SINK_REJECTED: row('reject', 422, 'The target refused this record and will refuse it again.'),
  PIO_KEY_PARKED: row('reject', 409, 'An earlier record of this key is a dead letter; this one is kept behind it.'),
  PIO_PARKED_KEYS_FULL: row('retry', 409, 'Too many keys wait in the dead-letter topic; send them back or drop them.'),
  PIO_RECORD_UNREADABLE: row('reject', 422, 'The message cannot be decoded into what this sink takes.'),
  PIO_RECORD_TOO_LARGE: row('reject', 413, 'The record is larger than the broker or the target accepts.'),
  PIO_TRIGGER_UNAVAILABLE: row(
    'retry',
    503,
    "Lambda's event source mapping could not be looked at or changed; the dispatcher tries again.",
  ),
  PIO_TRIGGER_UNKNOWN: row(
    'retry',
    503,
    'Lambda had no answer to whether an event source mapping is as it should be; the dispatcher asks again.',
  ),
  PIO_DRIVER_MISSING: row(
    'fatal',
    501,
    'An optional driver package is not installed; the message says how to install it.',
  ),
  PIO_RUN_TIMEOUT: row('retry', 503, 'The run reached its deadline.'),
  PIO_ABORTED: row('retry', 503, 'The operation was aborted because the run ends.'),
  PIO_INTERNAL: row('retry', 500, 'A defect of ours, or an error that nobody classified.'),
} as const satisfies Record<string, ErrorCodeRow>;

/** A key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
