import { defineEventSource, PulsarIoError, Type } from 'pulsar-io-serverless/connector';

/** Publishes the lines of a request. */
export const bellSource = defineEventSource({
  name: 'bell',
  summary: 'Publishes the lines of a request.',
  className: 'BellSource',
  guarantees: ['ATLEAST_ONCE', 'ATMOST_ONCE'],
  config: Type.Object({}),
  map: ({ body }) => {
    if (body.length === 0) throw new PulsarIoError('PIO_SOURCE_RECORD_INVALID', 'the request is empty');
    return String(body)
      .split('\n')
      .map((value) => ({ value }));
  },
});
