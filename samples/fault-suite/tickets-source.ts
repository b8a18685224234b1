import {
  defineQueueSource,
  GUARANTEES,
  PulsarIoError,
  type QueueSourceType,
  Type,
} from 'pulsar-io-serverless/connector';
import type { ProcessUnderTest } from 'pulsar-io-serverless/testing';
import { officeOf } from './ticket-office.ts';

const config = Type.Object({ office: Type.String({ description: 'Ticket office.' }) });

const DAY_MS = 86_400_000;
const POLL_MS = 500;

/** Publishes the tickets of an office: what is taken and not torn up is handed out again. */
export const ticketsSource = (process: ProcessUnderTest): QueueSourceType =>
  defineQueueSource<typeof config>({
    name: 'tickets',
    summary: 'Publishes the tickets of an office.',
    className: 'TicketsSource',
    guarantees: GUARANTEES,
    config,
    isOrdered: () => false,
    rememberMs: () => 3 * DAY_MS,
    pollIntervalMs: () => POLL_MS,
    trigger: () => undefined,
    messagesOf: () => [],
    open: async ({ office: name }) => {
      const office = process.calls(
        officeOf(name),
        () => new PulsarIoError('PIO_SOURCE_UNAVAILABLE', `${name} is shut`),
      );
      return {
        hiddenMs: officeOf(name).hiddenMs,
        retentionMs: DAY_MS,
        receive: async (max, waitMs) =>
          (await office.take(max, waitMs)).map(({ id, text, receipt }) => ({ id, receipt, record: { value: text } })),
        settle: async (receipts) => {
          for (const receipt of receipts) await office.tear(receipt);
        },
        extend: async (receipts) => {
          for (const receipt of receipts) await office.hide(receipt);
        },
        close: async () => undefined,
      };
    },
  });
