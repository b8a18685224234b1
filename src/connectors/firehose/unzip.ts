import { gunzipSync } from 'node:zlib';
import { PulsarIoError } from '../../core/errors.ts';

/** What a gzip body holds; throws `PIO_RECORD_TOO_LARGE` when that is more than `maxBytes`, `PIO_SOURCE_RECORD_INVALID` when it is none. */
export const unzip = (body: Buffer, maxBytes: number): Buffer => {
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new PulsarIoError('PIO_RECORD_TOO_LARGE', `the body unpacks to more than ${maxBytes} bytes`, { cause });
    throw new PulsarIoError('PIO_SOURCE_RECORD_INVALID', 'the body is not gzip, as its header says', { cause });
  }
};
