import type { MessageIdParts } from '../../core/message-id.ts';
import type { SinkRecord } from '../../core/record.ts';

/** Headers that tell about a record, named as Pulsar's sink names them. */
export const recordHeaders = (record: SinkRecord): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(record.properties))
    headers[`PulsarProperties-${token(name)}`] = headerValue(value);
  headers.PulsarTopic = headerValue(record.topic);
  if (record.eventTimeMs !== undefined) headers.PulsarEventTime = String(record.eventTimeMs);
  if (record.key !== undefined) headers.PulsarKey = headerValue(record.key);
  headers.PulsarMessageId = messageIdBytes(record).toString('base64');
  headers.PulsarPublishTime = String(record.publishTimeMs);
  return headers;
};

/** Characters that are no part of a header's name (RFC 9110, token) are percent-encoded. */
const token = (name: string): string =>
  encodeURIComponent(name).replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);

/** Printable ASCII as it is, anything else as RFC 8187 writes it: `UTF-8''` and percent-encoded UTF-8. */
const headerValue = (text: string): string => {
  if (/^(?!UTF-8'')(?:[!-~](?:[ -~]*[!-~])?)?$/.test(text)) return text;
  return `UTF-8''${encodeURIComponent(text.toWellFormed())}`;
};

/** What Java's `MessageId.toByteArray` gives: `MessageIdData` of PulsarApi.proto (ledger 1, entry 2, partition 3, index in batch 4, size of batch 6). */
const messageIdBytes = ({ messageId, topic }: SinkRecord): Buffer => {
  const { ledgerId, entryId, batchIndex, batchSize }: MessageIdParts = messageId;
  const partition = /-partition-(\d+)$/.exec(topic)?.[1];
  const fields: (readonly [number, number])[] = [
    [1, ledgerId],
    [2, entryId],
  ];
  if (partition !== undefined) fields.push([3, Number(partition)]);
  if (batchIndex >= 0) fields.push([4, batchIndex]);
  if (batchSize !== undefined) fields.push([6, batchSize]);
  return Buffer.from(fields.flatMap(([number, value]) => [number << 3, ...varint(value)]));
};

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
};
