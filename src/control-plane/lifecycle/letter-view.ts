import { MASK } from '../../core/mask.ts';
import type { PeekedMessage } from '../../core/pulsar-admin.ts';
import { LETTER } from '../../delivery/letters.ts';

/** Most of a payload that is shown, in bytes. */
const PREVIEW_BYTES = 256;
/** Largest payload that is looked through for sensitive fields, in bytes; of a larger one nothing is shown. */
const MASKABLE_BYTES = 64 * 1024;

/** Names of fields whose values are never shown. */
const SENSITIVE =
  /pass(word|wd|phrase)?$|secret|token|credential|authoriz|api.?key|private.?key|cookie|session|ssn|card|iban|cvv/i;

/** A dead letter as GET shows it. */
export const letterView = ({ messageId, properties, payload }: PeekedMessage) => ({
  messageId: `${messageId.ledgerId}:${messageId.entryId}`,
  error: properties[LETTER.errorCode],
  reason: properties[LETTER.reason],
  attempts: numberOf(properties[LETTER.attempts]),
  topic: properties[LETTER.realTopic],
  originMessageId: properties[LETTER.originMessageId],
  publishTime: numberOf(properties[LETTER.publishTime]),
  sourcePartition: properties[LETTER.sourcePartition],
  position: properties[LETTER.position],
  payloadBytes: payload.byteLength,
  preview: previewOf(payload),
});

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

/** The beginning of a payload: JSON with sensitive fields masked; of text that is no JSON only that nothing is known of it. */
const previewOf = (payload: Buffer): string => {
  if (payload.byteLength > MASKABLE_BYTES) return `(${payload.byteLength} bytes)`;
  try {
    const text = JSON.stringify(masked(JSON.parse(payload.toString('utf8'))));
    return text.length > PREVIEW_BYTES ? `${text.slice(0, PREVIEW_BYTES)}…` : text;
  } catch {
    return `(${payload.byteLength} bytes that are no JSON)`;
  }
};

const masked = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, SENSITIVE.test(name) ? MASK : masked(each)] as const),
  );
};
