import type { MessageIdParts } from '../../core/message-id.ts';
import { PulsarError } from '../errors.ts';
import type { Connection } from '../network/connection.ts';
import type { RequestOptions } from '../network/request-table.ts';
import { type CommandInput, type MessageIdInput, serverErrorName } from '../protocol/index.ts';

const MAX_IDS_PER_COMMAND = 1000;

function* parts(ids: readonly MessageIdInput[]): Generator<readonly MessageIdInput[]> {
  for (let from = 0; from < ids.length; from += MAX_IDS_PER_COMMAND) yield ids.slice(from, from + MAX_IDS_PER_COMMAND);
}

function entryKey({ ledgerId, entryId }: { readonly ledgerId: number; readonly entryId: number }): string {
  return `${ledgerId}:${entryId}`;
}

/** The entries that these messages are of, each once, by their keys. */
export function entriesByKey(ids: readonly MessageIdParts[]): Map<string, MessageIdInput> {
  return new Map(ids.map((id) => [entryKey(id), { ledgerId: id.ledgerId, entryId: id.entryId }]));
}

/** Sends one ACK and waits for its answer; rejects with the broker's refusal. */
export async function ackAndWait(
  connection: Connection,
  fields: CommandInput<'ACK'>,
  request: RequestOptions,
): Promise<void> {
  const answer = await connection.request('ACK', fields, 'ACK_RESPONSE', request);
  if (answer.error === undefined) return;
  throw new PulsarError(serverErrorName(answer.error), answer.message ?? 'the broker refused an acknowledgement');
}

/** Acknowledges in as many commands as it takes; with `request` resolves when all of them are answered. */
export async function sendAcks(
  connection: Connection,
  fields: CommandInput<'ACK'> & { readonly messageId: readonly MessageIdInput[] },
  request: RequestOptions | undefined,
): Promise<void> {
  const answers: Promise<void>[] = [];
  for (const messageId of parts(fields.messageId)) {
    if (request === undefined) connection.send('ACK', { ...fields, messageId });
    else answers.push(ackAndWait(connection, { ...fields, messageId }, request));
  }
  await Promise.all(answers);
}

/** Asks for these entries again. */
export function askAgain(
  connection: Connection,
  consumerId: number,
  entries: ReadonlyMap<string, MessageIdInput>,
): void {
  for (const messageIds of parts([...entries.values()])) {
    connection.send('REDELIVER_UNACKNOWLEDGED_MESSAGES', { consumerId, messageIds });
  }
}

/** Whether a message is of one of these entries. */
export function isOf(entries: ReadonlyMap<string, MessageIdInput>, id: MessageIdParts): boolean {
  return entries.has(entryKey(id));
}
