import { PulsarIoError } from '../core/errors.ts';
import type { QueueDelivery } from './queue-delivery.ts';

const DAY_MS = 86_400_000;

/** Refuses to forget ids that a queue may still repeat, which keeps messages for `retentionMs` (GUARANTEES rule 37). Throws `PIO_GUARANTEE_REFUSED`. */
export const requireMemory = ({ keeper, rememberMs, connector }: QueueDelivery, retentionMs: number): void => {
  if (!keeper.remembers || rememberMs >= retentionMs + DAY_MS) return;
  const days = (ms: number): string => (ms / DAY_MS).toFixed(1);
  throw new PulsarIoError(
    'PIO_GUARANTEE_REFUSED',
    `${connector.config.processingGuarantees} remembers message ids for ${days(rememberMs)} days, but the queue may keep messages for ${days(retentionMs)} and repeat them all that time: remember them a day longer than that, or shorten the queue's retention`,
  );
};
