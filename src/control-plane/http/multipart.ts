import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { PulsarIoError } from '../../core/errors.ts';
import { type AdminRequest, MAX_BODY_BYTES } from './admin-request.ts';

/** One part of a form. A file's bytes are not kept: packages cannot run here. */
export interface Part {
  /** Media type without parameters, lower-case; `text/plain` when the part does not name one. */
  readonly mediaType: string;
  readonly text: string;
  readonly isFile: boolean;
}

/** Parts by name; of several with one name the first. */
export type Form = ReadonlyMap<string, Part>;

const LIMITS = {
  fieldNameSize: 100,
  fieldSize: MAX_BODY_BYTES,
  fields: 20,
  fileSize: MAX_BODY_BYTES,
  files: 5,
  parts: 20,
};

/**
 * Reads a multipart/form-data body. An empty one without a content type is an empty form.
 * Throws `PIO_UNSUPPORTED_MEDIA_TYPE` and `PIO_REQUEST_INVALID`.
 */
export const readForm = async ({ contentType, body }: AdminRequest): Promise<Form> => {
  if (contentType === undefined && body.length === 0) return new Map();
  if (contentType === undefined || !/^multipart\/form-data\s*(;|$)/i.test(contentType)) {
    throw new PulsarIoError(
      'PIO_UNSUPPORTED_MEDIA_TYPE',
      "The body must be multipart/form-data with the configuration as a part of type application/json, as pulsar-admin sends it; with curl: -F 'sinkConfig={…};type=application/json'",
    );
  }
  try {
    return await parse(contentType, body);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PulsarIoError('PIO_REQUEST_INVALID', `The body is not valid multipart/form-data: ${why}`, { cause });
  }
};

const parse = (contentType: string, body: Buffer): Promise<Form> =>
  new Promise((resolve, reject) => {
    const form = new Map<string, Part>();
    const keep = (name: string, part: Part) => void (form.has(name) || form.set(name, part));
    const isPartAFile = (name: string | undefined) => name === 'data';
    const parser = new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS, isPartAFile });
    const tooMany = () => reject(new Error(`it has more than ${LIMITS.parts} parts`));
    parser.on('field', (name, text, _nameTruncated, _truncated, _encoding, mediaType) =>
      keep(name, { mediaType: mediaType.toLowerCase(), text, isFile: false }),
    );
    parser.on('file', (name: string, stream: BusboyFileStream) => {
      keep(name, { mediaType: 'application/octet-stream', text: '', isFile: true });
      stream.on('error', reject).resume();
    });
    for (const limit of ['partsLimit', 'fieldsLimit', 'filesLimit'] as const) parser.on(limit, tooMany);
    parser.on('finish', () => resolve(form)).on('error', reject);
    parser.end(body);
  });
