import { isUtf8 } from 'node:buffer';
import type { InboxMessage } from '../core/inbox.ts';
import { MAX_DATA_BYTES } from './item-limits.ts';

/** One message in the store: its value as text where the bytes are UTF-8, else as base64. */
interface StoredMessage extends Omit<InboxMessage, 'value'> {
  readonly text?: string;
  readonly base64?: string;
}

/** What an inbox batch's item holds. */
export interface BatchData {
  readonly messages: readonly StoredMessage[];
}

/** Room for the object around the messages. */
const FRAME_BYTES = 64;
const MAX_MESSAGES_BYTES = MAX_DATA_BYTES - FRAME_BYTES;

const pack = ({ value, ...rest }: InboxMessage): StoredMessage => {
  if (value === null) return rest;
  return isUtf8(value)
    ? { ...rest, text: Buffer.from(value).toString('utf8') }
    : { ...rest, base64: Buffer.from(value).toString('base64') };
};

/** Size of a message within a batch's JSON text, with the comma behind it. */
const sizeOf = (message: StoredMessage): number => Buffer.byteLength(JSON.stringify(message)) + 1;

/** True when a message does not fit one item, even alone. */
export const isTooLarge = (message: InboxMessage): boolean => sizeOf(pack(message)) > MAX_MESSAGES_BYTES;

/** The messages in their order, in as few items as hold them. */
export function* chunksOf(messages: readonly InboxMessage[]): Generator<BatchData> {
  let chunk: StoredMessage[] = [];
  let bytes = 0;
  for (const message of messages.map(pack)) {
    const size = sizeOf(message);
    if (chunk.length > 0 && bytes + size > MAX_MESSAGES_BYTES) {
      yield { messages: chunk };
      chunk = [];
      bytes = 0;
    }
    chunk.push(message);
    bytes += size;
  }
  if (chunk.length > 0) yield { messages: chunk };
}

/** The messages of an item. */
export const unpack = ({ messages }: BatchData): readonly InboxMessage[] =>
  messages.map(({ text, base64, ...rest }) => ({ ...rest, value: bytesOf(text, base64) }));

const bytesOf = (text: string | undefined, base64: string | undefined): Buffer | null => {
  if (text !== undefined) return Buffer.from(text, 'utf8');
  return base64 === undefined ? null : Buffer.from(base64, 'base64');
};
