import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { PulsarIoError } from '../../core/errors.ts';
import { type AdminRequest, MAX_BODY_BYTES } from './admin-request.ts';
import { utf8Text } from './utf8.ts';

/** One part of a form. A file's bytes are not kept: packages cannot run here. */
export interface Part {
  /** Media type without parameters, lower-case; `text/plain` when the part does not name one. */
  readonly mediaType: string;
  readonly text: string;
  readonly isFile: boolean;
}

/** Parts by name. */
export type Form = ReadonlyMap<string, Part>;

/** Of all parts that have names, which are looked at byte by byte. */
const LIMITS = { fileSize: MAX_BODY_BYTES, files: 20, parts: 20 };

/** Longest name of a part, in characters. */
const MAX_NAME_LENGTH = 100;

/**
 * Reads a multipart/form-data body. An empty one without a content type is an empty form.
 * Throws `PIO_UNSUPPORTED_MEDIA_TYPE`, and `PIO_REQUEST_INVALID` also for two parts of one name: who reads the first and who reads the last would not agree.
 */
export const readForm = async ({ contentType, body }: AdminRequest): Promise<Form> => {
  if (contentType === undefined && body.length === 0) return new Map();
  if (contentType === undefined || !/^multipart\/form-data\s*(;|$)/i.test(contentType)) {
    throw new PulsarIoError(
      'PIO_UNSUPPORTED_MEDIA_TYPE',
      "The body must be multipart/form-data with the configuration as a part of type application/json, as pulsar-admin sends it; with curl: -F 'sinkConfig={…};type=application/json'",
    );
  }
  return formOf(await rawParts(contentType, body));
};

interface RawPart {
  readonly name: string | undefined;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const formOf = (parts: readonly RawPart[]): Form => {
  const form = new Map<string, Part>();
  for (const { name, mediaType, bytes } of parts) {
    if (!name || name.length > MAX_NAME_LENGTH)
      throw invalid(`a part has no name, or one of more than ${MAX_NAME_LENGTH} characters`);
    if (form.has(name)) throw invalid(`it has two parts with the name ${JSON.stringify(name)}; give it once`);
    const isFile = name === 'data';
    form.set(name, { mediaType, text: isFile ? '' : utf8Text(`The part ${JSON.stringify(name)}`, bytes), isFile });
  }
  return form;
};

const rawParts = async (contentType: string, body: Buffer): Promise<RawPart[]> => {
  try {
    return await parse(contentType, body);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
};

const invalid = (why: string, cause?: unknown): PulsarIoError =>
  new PulsarIoError('PIO_REQUEST_INVALID', `The body is not valid multipart/form-data: ${why}`, { cause });

const parse = (contentType: string, body: Buffer): Promise<RawPart[]> =>
  new Promise((resolve, reject) => {
    const parts: RawPart[] = [];
    const parser = new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS, isPartAFile: () => true });
    const tooMany = () => reject(new Error(`it has more than ${LIMITS.parts} parts`));
    parser.on('file', (name: string | undefined, stream: BusboyFileStream, _file, _encoding, mediaType) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      stream.on('end', () => parts.push({ name, mediaType: mediaType.toLowerCase(), bytes: Buffer.concat(chunks) }));
    });
    for (const limit of ['partsLimit', 'filesLimit'] as const) parser.on(limit, tooMany);
    parser.on('finish', () => resolve(parts)).on('error', reject);
    parser.end(body);
  });
