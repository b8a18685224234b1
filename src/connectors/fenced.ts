import { PulsarIoError } from '../core/errors.ts';
import type { Token } from '../core/token.ts';

/** The error of a run that a newer one fenced; `why` is a clause. */
export const fenced = (topic: string, { generation, epoch }: Token, why: string): PulsarIoError =>
  new PulsarIoError(
    'PIO_FENCED',
    `the run (generation ${generation}, epoch ${epoch}) may not write for ${topic}: ${why}`,
  );
