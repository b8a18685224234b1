import { PulsarIoError } from '../../core/errors.ts';
import type { CursorTarget } from '../../core/pulsar-admin.ts';

/** Reads where a sink is to go on with a topic-partition: the first message it handles. Throws `PIO_REQUEST_INVALID`. */
export const readCursorTarget = (topic: string, value: unknown): CursorTarget => {
  if (value === 'earliest' || value === 'latest') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return { publishTimeMs: value };
  const [, ledgerId, entryId] = typeof value === 'string' ? (/^(\d{1,15}):(\d{1,15})$/.exec(value) ?? []) : [];
  if (ledgerId !== undefined) return { ledgerId: Number(ledgerId), entryId: Number(entryId) };
  const timeMs = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (timeMs >= 0) return { publishTimeMs: timeMs };
  throw new PulsarIoError(
    'PIO_REQUEST_INVALID',
    `The position of ${topic} must be "earliest", "latest", a message id such as "12:0" (whole entries only), or a publish time such as "2026-11-21T10:00:00Z" or in epoch milliseconds`,
  );
};
